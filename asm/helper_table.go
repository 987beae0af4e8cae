package asm

// The helpers of Linux 6.18: enum bpf_func_id of include/uapi/linux/bpf.h.
const (
	FnMapLookupElem              Helper = 1   // bpf_map_lookup_elem
	FnMapUpdateElem              Helper = 2   // bpf_map_update_elem
	FnMapDeleteElem              Helper = 3   // bpf_map_delete_elem
	FnProbeRead                  Helper = 4   // bpf_probe_read
	FnKtimeGetNS                 Helper = 5   // bpf_ktime_get_ns
	FnTracePrintk                Helper = 6   // bpf_trace_printk
	FnGetPrandomU32              Helper = 7   // bpf_get_prandom_u32
	FnGetSMPProcessorID          Helper = 8   // bpf_get_smp_processor_id
	FnSKBStoreBytes              Helper = 9   // bpf_skb_store_bytes
	FnL3CsumReplace              Helper = 10  // bpf_l3_csum_replace
	FnL4CsumReplace              Helper = 11  // bpf_l4_csum_replace
	FnTailCall                   Helper = 12  // bpf_tail_call
	FnCloneRedirect              Helper = 13  // bpf_clone_redirect
	FnGetCurrentPIDTGID          Helper = 14  // bpf_get_current_pid_tgid
	FnGetCurrentUIDGID           Helper = 15  // bpf_get_current_uid_gid
	FnGetCurrentComm             Helper = 16  // bpf_get_current_comm
	FnGetCgroupClassID           Helper = 17  // bpf_get_cgroup_classid
	FnSKBVLANPush                Helper = 18  // bpf_skb_vlan_push
	FnSKBVLANPop                 Helper = 19  // bpf_skb_vlan_pop
	FnSKBGetTunnelKey            Helper = 20  // bpf_skb_get_tunnel_key
	FnSKBSetTunnelKey            Helper = 21  // bpf_skb_set_tunnel_key
	FnPerfEventRead              Helper = 22  // bpf_perf_event_read
	FnRedirect                   Helper = 23  // bpf_redirect
	FnGetRouteRealm              Helper = 24  // bpf_get_route_realm
	FnPerfEventOutput            Helper = 25  // bpf_perf_event_output
	FnSKBLoadBytes               Helper = 26  // bpf_skb_load_bytes
	FnGetStackID                 Helper = 27  // bpf_get_stackid
	FnCsumDiff                   Helper = 28  // bpf_csum_diff
	FnSKBGetTunnelOpt            Helper = 29  // bpf_skb_get_tunnel_opt
	FnSKBSetTunnelOpt            Helper = 30  // bpf_skb_set_tunnel_opt
	FnSKBChangeProto             Helper = 31  // bpf_skb_change_proto
	FnSKBChangeType              Helper = 32  // bpf_skb_change_type
	FnSKBUnderCgroup             Helper = 33  // bpf_skb_under_cgroup
	FnGetHashRecalc              Helper = 34  // bpf_get_hash_recalc
	FnGetCurrentTask             Helper = 35  // bpf_get_current_task
	FnProbeWriteUser             Helper = 36  // bpf_probe_write_user
	FnCurrentTaskUnderCgroup     Helper = 37  // bpf_current_task_under_cgroup
	FnSKBChangeTail              Helper = 38  // bpf_skb_change_tail
	FnSKBPullData                Helper = 39  // bpf_skb_pull_data
	FnCsumUpdate                 Helper = 40  // bpf_csum_update
	FnSetHashInvalid             Helper = 41  // bpf_set_hash_invalid
	FnGetNUMANodeID              Helper = 42  // bpf_get_numa_node_id
	FnSKBChangeHead              Helper = 43  // bpf_skb_change_head
	FnXDPAdjustHead              Helper = 44  // bpf_xdp_adjust_head
	FnProbeReadStr               Helper = 45  // bpf_probe_read_str
	FnGetSocketCookie            Helper = 46  // bpf_get_socket_cookie
	FnGetSocketUID               Helper = 47  // bpf_get_socket_uid
	FnSetHash                    Helper = 48  // bpf_set_hash
	FnSetsockopt                 Helper = 49  // bpf_setsockopt
	FnSKBAdjustRoom              Helper = 50  // bpf_skb_adjust_room
	FnRedirectMap                Helper = 51  // bpf_redirect_map
	FnSkRedirectMap              Helper = 52  // bpf_sk_redirect_map
	FnSockMapUpdate              Helper = 53  // bpf_sock_map_update
	FnXDPAdjustMeta              Helper = 54  // bpf_xdp_adjust_meta
	FnPerfEventReadValue         Helper = 55  // bpf_perf_event_read_value
	FnPerfProgReadValue          Helper = 56  // bpf_perf_prog_read_value
	FnGetsockopt                 Helper = 57  // bpf_getsockopt
	FnOverrideReturn             Helper = 58  // bpf_override_return
	FnSockOpsCBFlagsSet          Helper = 59  // bpf_sock_ops_cb_flags_set
	FnMsgRedirectMap             Helper = 60  // bpf_msg_redirect_map
	FnMsgApplyBytes              Helper = 61  // bpf_msg_apply_bytes
	FnMsgCorkBytes               Helper = 62  // bpf_msg_cork_bytes
	FnMsgPullData                Helper = 63  // bpf_msg_pull_data
	FnBind                       Helper = 64  // bpf_bind
	FnXDPAdjustTail              Helper = 65  // bpf_xdp_adjust_tail
	FnSKBGetXFRMState            Helper = 66  // bpf_skb_get_xfrm_state
	FnGetStack                   Helper = 67  // bpf_get_stack
	FnSKBLoadBytesRelative       Helper = 68  // bpf_skb_load_bytes_relative
	FnFIBLookup                  Helper = 69  // bpf_fib_lookup
	FnSockHashUpdate             Helper = 70  // bpf_sock_hash_update
	FnMsgRedirectHash            Helper = 71  // bpf_msg_redirect_hash
	FnSkRedirectHash             Helper = 72  // bpf_sk_redirect_hash
	FnLWTPushEncap               Helper = 73  // bpf_lwt_push_encap
	FnLWTSeg6StoreBytes          Helper = 74  // bpf_lwt_seg6_store_bytes
	FnLWTSeg6AdjustSRH           Helper = 75  // bpf_lwt_seg6_adjust_srh
	FnLWTSeg6Action              Helper = 76  // bpf_lwt_seg6_action
	FnRCRepeat                   Helper = 77  // bpf_rc_repeat
	FnRCKeydown                  Helper = 78  // bpf_rc_keydown
	FnSKBCgroupID                Helper = 79  // bpf_skb_cgroup_id
	FnGetCurrentCgroupID         Helper = 80  // bpf_get_current_cgroup_id
	FnGetLocalStorage            Helper = 81  // bpf_get_local_storage
	FnSkSelectReuseport          Helper = 82  // bpf_sk_select_reuseport
	FnSKBAncestorCgroupID        Helper = 83  // bpf_skb_ancestor_cgroup_id
	FnSkLookupTCP                Helper = 84  // bpf_sk_lookup_tcp
	FnSkLookupUDP                Helper = 85  // bpf_sk_lookup_udp
	FnSkRelease                  Helper = 86  // bpf_sk_release
	FnMapPushElem                Helper = 87  // bpf_map_push_elem
	FnMapPopElem                 Helper = 88  // bpf_map_pop_elem
	FnMapPeekElem                Helper = 89  // bpf_map_peek_elem
	FnMsgPushData                Helper = 90  // bpf_msg_push_data
	FnMsgPopData                 Helper = 91  // bpf_msg_pop_data
	FnRCPointerRel               Helper = 92  // bpf_rc_pointer_rel
	FnSpinLock                   Helper = 93  // bpf_spin_lock
	FnSpinUnlock                 Helper = 94  // bpf_spin_unlock
	FnSkFullsock                 Helper = 95  // bpf_sk_fullsock
	FnTCPSock                    Helper = 96  // bpf_tcp_sock
	FnSKBECNSetCE                Helper = 97  // bpf_skb_ecn_set_ce
	FnGetListenerSock            Helper = 98  // bpf_get_listener_sock
	FnSkcLookupTCP               Helper = 99  // bpf_skc_lookup_tcp
	FnTCPCheckSyncookie          Helper = 100 // bpf_tcp_check_syncookie
	FnSysctlGetName              Helper = 101 // bpf_sysctl_get_name
	FnSysctlGetCurrentValue      Helper = 102 // bpf_sysctl_get_current_value
	FnSysctlGetNewValue          Helper = 103 // bpf_sysctl_get_new_value
	FnSysctlSetNewValue          Helper = 104 // bpf_sysctl_set_new_value
	FnStrtol                     Helper = 105 // bpf_strtol
	FnStrtoul                    Helper = 106 // bpf_strtoul
	FnSkStorageGet               Helper = 107 // bpf_sk_storage_get
	FnSkStorageDelete            Helper = 108 // bpf_sk_storage_delete
	FnSendSignal                 Helper = 109 // bpf_send_signal
	FnTCPGenSyncookie            Helper = 110 // bpf_tcp_gen_syncookie
	FnSKBOutput                  Helper = 111 // bpf_skb_output
	FnProbeReadUser              Helper = 112 // bpf_probe_read_user
	FnProbeReadKernel            Helper = 113 // bpf_probe_read_kernel
	FnProbeReadUserStr           Helper = 114 // bpf_probe_read_user_str
	FnProbeReadKernelStr         Helper = 115 // bpf_probe_read_kernel_str
	FnTCPSendACK                 Helper = 116 // bpf_tcp_send_ack
	FnSendSignalThread           Helper = 117 // bpf_send_signal_thread
	FnJiffies64                  Helper = 118 // bpf_jiffies64
	FnReadBranchRecords          Helper = 119 // bpf_read_branch_records
	FnGetNSCurrentPIDTGID        Helper = 120 // bpf_get_ns_current_pid_tgid
	FnXDPOutput                  Helper = 121 // bpf_xdp_output
	FnGetNetnsCookie             Helper = 122 // bpf_get_netns_cookie
	FnGetCurrentAncestorCgroupID Helper = 123 // bpf_get_current_ancestor_cgroup_id
	FnSkAssign                   Helper = 124 // bpf_sk_assign
	FnKtimeGetBootNS             Helper = 125 // bpf_ktime_get_boot_ns
	FnSeqPrintf                  Helper = 126 // bpf_seq_printf
	FnSeqWrite                   Helper = 127 // bpf_seq_write
	FnSkCgroupID                 Helper = 128 // bpf_sk_cgroup_id
	FnSkAncestorCgroupID         Helper = 129 // bpf_sk_ancestor_cgroup_id
	FnRingBufOutput              Helper = 130 // bpf_ringbuf_output
	FnRingBufReserve             Helper = 131 // bpf_ringbuf_reserve
	FnRingBufSubmit              Helper = 132 // bpf_ringbuf_submit
	FnRingBufDiscard             Helper = 133 // bpf_ringbuf_discard
	FnRingBufQuery               Helper = 134 // bpf_ringbuf_query
	FnCsumLevel                  Helper = 135 // bpf_csum_level
	FnSkcToTCP6Sock              Helper = 136 // bpf_skc_to_tcp6_sock
	FnSkcToTCPSock               Helper = 137 // bpf_skc_to_tcp_sock
	FnSkcToTCPTimewaitSock       Helper = 138 // bpf_skc_to_tcp_timewait_sock
	FnSkcToTCPRequestSock        Helper = 139 // bpf_skc_to_tcp_request_sock
	FnSkcToUDP6Sock              Helper = 140 // bpf_skc_to_udp6_sock
	FnGetTaskStack               Helper = 141 // bpf_get_task_stack
	FnLoadHdrOpt                 Helper = 142 // bpf_load_hdr_opt
	FnStoreHdrOpt                Helper = 143 // bpf_store_hdr_opt
	FnReserveHdrOpt              Helper = 144 // bpf_reserve_hdr_opt
	FnInodeStorageGet            Helper = 145 // bpf_inode_storage_get
	FnInodeStorageDelete         Helper = 146 // bpf_inode_storage_delete
	FnDPath                      Helper = 147 // bpf_d_path
	FnCopyFromUser               Helper = 148 // bpf_copy_from_user
	FnSnprintfBTF                Helper = 149 // bpf_snprintf_btf
	FnSeqPrintfBTF               Helper = 150 // bpf_seq_printf_btf
	FnSKBCgroupClassID           Helper = 151 // bpf_skb_cgroup_classid
	FnRedirectNeigh              Helper = 152 // bpf_redirect_neigh
	FnPerCPUPtr                  Helper = 153 // bpf_per_cpu_ptr
	FnThisCPUPtr                 Helper = 154 // bpf_this_cpu_ptr
	FnRedirectPeer               Helper = 155 // bpf_redirect_peer
	FnTaskStorageGet             Helper = 156 // bpf_task_storage_get
	FnTaskStorageDelete          Helper = 157 // bpf_task_storage_delete
	FnGetCurrentTaskBTF          Helper = 158 // bpf_get_current_task_btf
	FnBprmOptsSet                Helper = 159 // bpf_bprm_opts_set
	FnKtimeGetCoarseNS           Helper = 160 // bpf_ktime_get_coarse_ns
	FnIMAInodeHash               Helper = 161 // bpf_ima_inode_hash
	FnSockFromFile               Helper = 162 // bpf_sock_from_file
	FnCheckMTU                   Helper = 163 // bpf_check_mtu
	FnForEachMapElem             Helper = 164 // bpf_for_each_map_elem
	FnSnprintf                   Helper = 165 // bpf_snprintf
	FnSysBPF                     Helper = 166 // bpf_sys_bpf
	FnBTFFindByNameKind          Helper = 167 // bpf_btf_find_by_name_kind
	FnSysClose                   Helper = 168 // bpf_sys_close
	FnTimerInit                  Helper = 169 // bpf_timer_init
	FnTimerSetCallback           Helper = 170 // bpf_timer_set_callback
	FnTimerStart                 Helper = 171 // bpf_timer_start
	FnTimerCancel                Helper = 172 // bpf_timer_cancel
	FnGetFuncIP                  Helper = 173 // bpf_get_func_ip
	FnGetAttachCookie            Helper = 174 // bpf_get_attach_cookie
	FnTaskPtRegs                 Helper = 175 // bpf_task_pt_regs
	FnGetBranchSnapshot          Helper = 176 // bpf_get_branch_snapshot
	FnTraceVprintk               Helper = 177 // bpf_trace_vprintk
	FnSkcToUnixSock              Helper = 178 // bpf_skc_to_unix_sock
	FnKallsymsLookupName         Helper = 179 // bpf_kallsyms_lookup_name
	FnFindVMA                    Helper = 180 // bpf_find_vma
	FnLoop                       Helper = 181 // bpf_loop
	FnStrncmp                    Helper = 182 // bpf_strncmp
	FnGetFuncArg                 Helper = 183 // bpf_get_func_arg
	FnGetFuncRet                 Helper = 184 // bpf_get_func_ret
	FnGetFuncArgCnt              Helper = 185 // bpf_get_func_arg_cnt
	FnGetRetval                  Helper = 186 // bpf_get_retval
	FnSetRetval                  Helper = 187 // bpf_set_retval
	FnXDPGetBuffLen              Helper = 188 // bpf_xdp_get_buff_len
	FnXDPLoadBytes               Helper = 189 // bpf_xdp_load_bytes
	FnXDPStoreBytes              Helper = 190 // bpf_xdp_store_bytes
	FnCopyFromUserTask           Helper = 191 // bpf_copy_from_user_task
	FnSKBSetTstamp               Helper = 192 // bpf_skb_set_tstamp
	FnIMAFileHash                Helper = 193 // bpf_ima_file_hash
	FnKptrXchg                   Helper = 194 // bpf_kptr_xchg
	FnMapLookupPerCPUElem        Helper = 195 // bpf_map_lookup_percpu_elem
	FnSkcToMPTCPSock             Helper = 196 // bpf_skc_to_mptcp_sock
	FnDynptrFromMem              Helper = 197 // bpf_dynptr_from_mem
	FnRingBufReserveDynptr       Helper = 198 // bpf_ringbuf_reserve_dynptr
	FnRingBufSubmitDynptr        Helper = 199 // bpf_ringbuf_submit_dynptr
	FnRingBufDiscardDynptr       Helper = 200 // bpf_ringbuf_discard_dynptr
	FnDynptrRead                 Helper = 201 // bpf_dynptr_read
	FnDynptrWrite                Helper = 202 // bpf_dynptr_write
	FnDynptrData                 Helper = 203 // bpf_dynptr_data
	FnTCPRawGenSyncookieIPv4     Helper = 204 // bpf_tcp_raw_gen_syncookie_ipv4
	FnTCPRawGenSyncookieIPv6     Helper = 205 // bpf_tcp_raw_gen_syncookie_ipv6
	FnTCPRawCheckSyncookieIPv4   Helper = 206 // bpf_tcp_raw_check_syncookie_ipv4
	FnTCPRawCheckSyncookieIPv6   Helper = 207 // bpf_tcp_raw_check_syncookie_ipv6
	FnKtimeGetTAINS              Helper = 208 // bpf_ktime_get_tai_ns
	FnUserRingBufDrain           Helper = 209 // bpf_user_ringbuf_drain
	FnCgrpStorageGet             Helper = 210 // bpf_cgrp_storage_get
	FnCgrpStorageDelete          Helper = 211 // bpf_cgrp_storage_delete
)

// helpers is indexed by helper. It states what the struct bpf_func_proto of each helper states; where the kernel has
// one for each of several program types, the entry is what holds for all of them.
var helpers = [...]helper{
	FnMapLookupElem:              {"bpf_map_lookup_elem", ReturnMapValue | ReturnOrNull, false, [5]ArgKind{ArgMap, ArgMapKey}},
	FnMapUpdateElem:              {"bpf_map_update_elem", ReturnInteger, false, [5]ArgKind{ArgMap, ArgMapKey, ArgMapValue, ArgAnything}},
	FnMapDeleteElem:              {"bpf_map_delete_elem", ReturnInteger, false, [5]ArgKind{ArgMap, ArgMapKey}},
	FnProbeRead:                  {"bpf_probe_read", ReturnInteger, true, [5]ArgKind{ArgMem | ArgUninit, ArgSizeOrZero, ArgAnything}},
	FnKtimeGetNS:                 {"bpf_ktime_get_ns", ReturnInteger, false, [5]ArgKind{}},
	FnTracePrintk:                {"bpf_trace_printk", ReturnInteger, true, [5]ArgKind{ArgMem, ArgSize, ArgAnything | ArgOptional, ArgAnything | ArgOptional, ArgAnything | ArgOptional}},
	FnGetPrandomU32:              {"bpf_get_prandom_u32", ReturnInteger, false, [5]ArgKind{}},
	FnGetSMPProcessorID:          {"bpf_get_smp_processor_id", ReturnInteger, false, [5]ArgKind{}},
	FnSKBStoreBytes:              {"bpf_skb_store_bytes", ReturnInteger, false, [5]ArgKind{ArgContext, ArgAnything, ArgMem, ArgSize, ArgAnything}},
	FnL3CsumReplace:              {"bpf_l3_csum_replace", ReturnInteger, false, [5]ArgKind{ArgContext, ArgAnything, ArgAnything, ArgAnything, ArgAnything}},
	FnL4CsumReplace:              {"bpf_l4_csum_replace", ReturnInteger, false, [5]ArgKind{ArgContext, ArgAnything, ArgAnything, ArgAnything, ArgAnything}},
	FnTailCall:                   {"bpf_tail_call", ReturnVoid, false, [5]ArgKind{ArgContext, ArgMap, ArgAnything}},
	FnCloneRedirect:              {"bpf_clone_redirect", ReturnInteger, false, [5]ArgKind{ArgContext, ArgAnything, ArgAnything}},
	FnGetCurrentPIDTGID:          {"bpf_get_current_pid_tgid", ReturnInteger, false, [5]ArgKind{}},
	FnGetCurrentUIDGID:           {"bpf_get_current_uid_gid", ReturnInteger, false, [5]ArgKind{}},
	FnGetCurrentComm:             {"bpf_get_current_comm", ReturnInteger, false, [5]ArgKind{ArgMem | ArgUninit, ArgSize}},
	FnGetCgroupClassID:           {"bpf_get_cgroup_classid", ReturnInteger, false, [5]ArgKind{ArgContext | ArgOptional}},
	FnSKBVLANPush:                {"bpf_skb_vlan_push", ReturnInteger, false, [5]ArgKind{ArgContext, ArgAnything, ArgAnything}},
	FnSKBVLANPop:                 {"bpf_skb_vlan_pop", ReturnInteger, false, [5]ArgKind{ArgContext}},
	FnSKBGetTunnelKey:            {"bpf_skb_get_tunnel_key", ReturnInteger, false, [5]ArgKind{ArgContext, ArgMem | ArgUninit, ArgSize, ArgAnything}},
	FnSKBSetTunnelKey:            {"bpf_skb_set_tunnel_key", ReturnInteger, false, [5]ArgKind{ArgContext, ArgMem, ArgSize, ArgAnything}},
	FnPerfEventRead:              {"bpf_perf_event_read", ReturnInteger, true, [5]ArgKind{ArgMap, ArgAnything}},
	FnRedirect:                   {"bpf_redirect", ReturnInteger, false, [5]ArgKind{ArgAnything, ArgAnything}},
	FnGetRouteRealm:              {"bpf_get_route_realm", ReturnInteger, false, [5]ArgKind{ArgContext}},
	FnPerfEventOutput:            {"bpf_perf_event_output", ReturnInteger, true, [5]ArgKind{ArgContext, ArgMap, ArgAnything, ArgMem, ArgSizeOrZero}},
	FnSKBLoadBytes:               {"bpf_skb_load_bytes", ReturnInteger, false, [5]ArgKind{ArgContext, ArgAnything, ArgMem | ArgUninit, ArgSize}},
	FnGetStackID:                 {"bpf_get_stackid", ReturnInteger, true, [5]ArgKind{ArgContext, ArgMap, ArgAnything}},
	FnCsumDiff:                   {"bpf_csum_diff", ReturnInteger, false, [5]ArgKind{ArgMem | ArgOrNull, ArgSizeOrZero, ArgMem | ArgOrNull, ArgSizeOrZero, ArgAnything}},
	FnSKBGetTunnelOpt:            {"bpf_skb_get_tunnel_opt", ReturnInteger, false, [5]ArgKind{ArgContext, ArgMem | ArgUninit, ArgSize}},
	FnSKBSetTunnelOpt:            {"bpf_skb_set_tunnel_opt", ReturnInteger, false, [5]ArgKind{ArgContext, ArgMem, ArgSize}},
	FnSKBChangeProto:             {"bpf_skb_change_proto", ReturnInteger, false, [5]ArgKind{ArgContext, ArgAnything, ArgAnything}},
	FnSKBChangeType:              {"bpf_skb_change_type", ReturnInteger, false, [5]ArgKind{ArgContext, ArgAnything}},
	FnSKBUnderCgroup:             {"bpf_skb_under_cgroup", ReturnInteger, false, [5]ArgKind{ArgContext, ArgMap, ArgAnything}},
	FnGetHashRecalc:              {"bpf_get_hash_recalc", ReturnInteger, false, [5]ArgKind{ArgContext}},
	FnGetCurrentTask:             {"bpf_get_current_task", ReturnInteger, true, [5]ArgKind{}},
	FnProbeWriteUser:             {"bpf_probe_write_user", ReturnInteger, true, [5]ArgKind{ArgAnything, ArgMem, ArgSize}},
	FnCurrentTaskUnderCgroup:     {"bpf_current_task_under_cgroup", ReturnInteger, false, [5]ArgKind{ArgMap, ArgAnything}},
	FnSKBChangeTail:              {"bpf_skb_change_tail", ReturnInteger, false, [5]ArgKind{ArgContext, ArgAnything, ArgAnything}},
	FnSKBPullData:                {"bpf_skb_pull_data", ReturnInteger, false, [5]ArgKind{ArgContext, ArgAnything}},
	FnCsumUpdate:                 {"bpf_csum_update", ReturnInteger, false, [5]ArgKind{ArgContext, ArgAnything}},
	FnSetHashInvalid:             {"bpf_set_hash_invalid", ReturnInteger, false, [5]ArgKind{ArgContext}},
	FnGetNUMANodeID:              {"bpf_get_numa_node_id", ReturnInteger, false, [5]ArgKind{}},
	FnSKBChangeHead:              {"bpf_skb_change_head", ReturnInteger, false, [5]ArgKind{ArgContext, ArgAnything, ArgAnything}},
	FnXDPAdjustHead:              {"bpf_xdp_adjust_head", ReturnInteger, false, [5]ArgKind{ArgContext, ArgAnything}},
	FnProbeReadStr:               {"bpf_probe_read_str", ReturnInteger, true, [5]ArgKind{ArgMem | ArgUninit, ArgSizeOrZero, ArgAnything}},
	FnGetSocketCookie:            {"bpf_get_socket_cookie", ReturnInteger, false, [5]ArgKind{ArgContextOrSock}},
	FnGetSocketUID:               {"bpf_get_socket_uid", ReturnInteger, false, [5]ArgKind{ArgContext}},
	FnSetHash:                    {"bpf_set_hash", ReturnInteger, false, [5]ArgKind{ArgContext, ArgAnything}},
	FnSetsockopt:                 {"bpf_setsockopt", ReturnInteger, false, [5]ArgKind{ArgContextOrSock, ArgAnything, ArgAnything, ArgMem, ArgSize}},
	FnSKBAdjustRoom:              {"bpf_skb_adjust_room", ReturnInteger, false, [5]ArgKind{ArgContext, ArgAnything, ArgAnything, ArgAnything}},
	FnRedirectMap:                {"bpf_redirect_map", ReturnInteger, false, [5]ArgKind{ArgMap, ArgAnything, ArgAnything}},
	FnSkRedirectMap:              {"bpf_sk_redirect_map", ReturnInteger, false, [5]ArgKind{ArgContext, ArgMap, ArgAnything, ArgAnything}},
	FnSockMapUpdate:              {"bpf_sock_map_update", ReturnInteger, false, [5]ArgKind{ArgContext, ArgMap, ArgMapKey, ArgAnything}},
	FnXDPAdjustMeta:              {"bpf_xdp_adjust_meta", ReturnInteger, false, [5]ArgKind{ArgContext, ArgAnything}},
	FnPerfEventReadValue:         {"bpf_perf_event_read_value", ReturnInteger, true, [5]ArgKind{ArgMap, ArgAnything, ArgMem | ArgUninit, ArgSize}},
	FnPerfProgReadValue:          {"bpf_perf_prog_read_value", ReturnInteger, true, [5]ArgKind{ArgContext, ArgMem | ArgUninit, ArgSize}},
	FnGetsockopt:                 {"bpf_getsockopt", ReturnInteger, false, [5]ArgKind{ArgContextOrSock, ArgAnything, ArgAnything, ArgMem | ArgUninit, ArgSize}},
	FnOverrideReturn:             {"bpf_override_return", ReturnInteger, true, [5]ArgKind{ArgContext, ArgAnything}},
	FnSockOpsCBFlagsSet:          {"bpf_sock_ops_cb_flags_set", ReturnInteger, false, [5]ArgKind{ArgContext, ArgAnything}},
	FnMsgRedirectMap:             {"bpf_msg_redirect_map", ReturnInteger, false, [5]ArgKind{ArgContext, ArgMap, ArgAnything, ArgAnything}},
	FnMsgApplyBytes:              {"bpf_msg_apply_bytes", ReturnInteger, false, [5]ArgKind{ArgContext, ArgAnything}},
	FnMsgCorkBytes:               {"bpf_msg_cork_bytes", ReturnInteger, false, [5]ArgKind{ArgContext, ArgAnything}},
	FnMsgPullData:                {"bpf_msg_pull_data", ReturnInteger, false, [5]ArgKind{ArgContext, ArgAnything, ArgAnything, ArgAnything}},
	FnBind:                       {"bpf_bind", ReturnInteger, false, [5]ArgKind{ArgContext, ArgMem, ArgSize}},
	FnXDPAdjustTail:              {"bpf_xdp_adjust_tail", ReturnInteger, false, [5]ArgKind{ArgContext, ArgAnything}},
	FnSKBGetXFRMState:            {"bpf_skb_get_xfrm_state", ReturnInteger, false, [5]ArgKind{ArgContext, ArgAnything, ArgMem | ArgUninit, ArgSize, ArgAnything}},
	FnGetStack:                   {"bpf_get_stack", ReturnInteger, true, [5]ArgKind{ArgContext, ArgMem | ArgUninit, ArgSizeOrZero, ArgAnything}},
	FnSKBLoadBytesRelative:       {"bpf_skb_load_bytes_relative", ReturnInteger, false, [5]ArgKind{ArgContext, ArgAnything, ArgMem | ArgUninit, ArgSize, ArgAnything}},
	FnFIBLookup:                  {"bpf_fib_lookup", ReturnInteger, true, [5]ArgKind{ArgContext, ArgMem | ArgWritten, ArgSize, ArgAnything}},
	FnSockHashUpdate:             {"bpf_sock_hash_update", ReturnInteger, false, [5]ArgKind{ArgContext, ArgMap, ArgMapKey, ArgAnything}},
	FnMsgRedirectHash:            {"bpf_msg_redirect_hash", ReturnInteger, false, [5]ArgKind{ArgContext, ArgMap, ArgMapKey, ArgAnything}},
	FnSkRedirectHash:             {"bpf_sk_redirect_hash", ReturnInteger, false, [5]ArgKind{ArgContext, ArgMap, ArgMapKey, ArgAnything}},
	FnLWTPushEncap:               {"bpf_lwt_push_encap", ReturnInteger, false, [5]ArgKind{ArgContext, ArgAnything, ArgMem, ArgSize}},
	FnLWTSeg6StoreBytes:          {"bpf_lwt_seg6_store_bytes", ReturnInteger, false, [5]ArgKind{ArgContext, ArgAnything, ArgMem, ArgSize}},
	FnLWTSeg6AdjustSRH:           {"bpf_lwt_seg6_adjust_srh", ReturnInteger, false, [5]ArgKind{ArgContext, ArgAnything, ArgAnything}},
	FnLWTSeg6Action:              {"bpf_lwt_seg6_action", ReturnInteger, false, [5]ArgKind{ArgContext, ArgAnything, ArgMem, ArgSize}},
	FnRCRepeat:                   {"bpf_rc_repeat", ReturnInteger, true, [5]ArgKind{ArgContext}},
	FnRCKeydown:                  {"bpf_rc_keydown", ReturnInteger, true, [5]ArgKind{ArgContext, ArgAnything, ArgAnything, ArgAnything}},
	FnSKBCgroupID:                {"bpf_skb_cgroup_id", ReturnInteger, false, [5]ArgKind{ArgContext}},
	FnGetCurrentCgroupID:         {"bpf_get_current_cgroup_id", ReturnInteger, false, [5]ArgKind{}},
	FnGetLocalStorage:            {"bpf_get_local_storage", ReturnMapValue, false, [5]ArgKind{ArgMap, ArgAnything}},
	FnSkSelectReuseport:          {"bpf_sk_select_reuseport", ReturnInteger, false, [5]ArgKind{ArgContext, ArgMap, ArgMapKey, ArgAnything}},
	FnSKBAncestorCgroupID:        {"bpf_skb_ancestor_cgroup_id", ReturnInteger, false, [5]ArgKind{ArgContext, ArgAnything}},
	FnSkLookupTCP:                {"bpf_sk_lookup_tcp", ReturnSocket | ReturnOrNull, false, [5]ArgKind{ArgContext, ArgMem, ArgSizeOrZero, ArgAnything, ArgAnything}},
	FnSkLookupUDP:                {"bpf_sk_lookup_udp", ReturnSocket | ReturnOrNull, false, [5]ArgKind{ArgContext, ArgMem, ArgSizeOrZero, ArgAnything, ArgAnything}},
	FnSkRelease:                  {"bpf_sk_release", ReturnInteger, false, [5]ArgKind{ArgSock | ArgReleased}},
	FnMapPushElem:                {"bpf_map_push_elem", ReturnInteger, false, [5]ArgKind{ArgMap, ArgMapValue, ArgAnything}},
	FnMapPopElem:                 {"bpf_map_pop_elem", ReturnInteger, false, [5]ArgKind{ArgMap, ArgMapValue | ArgUninit}},
	FnMapPeekElem:                {"bpf_map_peek_elem", ReturnInteger, false, [5]ArgKind{ArgMap, ArgMapValue | ArgUninit}},
	FnMsgPushData:                {"bpf_msg_push_data", ReturnInteger, false, [5]ArgKind{ArgContext, ArgAnything, ArgAnything, ArgAnything}},
	FnMsgPopData:                 {"bpf_msg_pop_data", ReturnInteger, false, [5]ArgKind{ArgContext, ArgAnything, ArgAnything, ArgAnything}},
	FnRCPointerRel:               {"bpf_rc_pointer_rel", ReturnInteger, true, [5]ArgKind{ArgContext, ArgAnything, ArgAnything}},
	FnSpinLock:                   {"bpf_spin_lock", ReturnVoid, false, [5]ArgKind{ArgSpinLock}},
	FnSpinUnlock:                 {"bpf_spin_unlock", ReturnVoid, false, [5]ArgKind{ArgSpinLock}},
	FnSkFullsock:                 {"bpf_sk_fullsock", ReturnSocket | ReturnOrNull, false, [5]ArgKind{ArgSockCommon}},
	FnTCPSock:                    {"bpf_tcp_sock", ReturnTCPSock | ReturnOrNull, false, [5]ArgKind{ArgSockCommon}},
	FnSKBECNSetCE:                {"bpf_skb_ecn_set_ce", ReturnInteger, false, [5]ArgKind{ArgContext}},
	FnGetListenerSock:            {"bpf_get_listener_sock", ReturnSocket | ReturnOrNull, false, [5]ArgKind{ArgSockCommon}},
	FnSkcLookupTCP:               {"bpf_skc_lookup_tcp", ReturnSockCommon | ReturnOrNull, false, [5]ArgKind{ArgContext, ArgMem, ArgSizeOrZero, ArgAnything, ArgAnything}},
	FnTCPCheckSyncookie:          {"bpf_tcp_check_syncookie", ReturnInteger, true, [5]ArgKind{ArgSock, ArgMem, ArgSize, ArgMem, ArgSize}},
	FnSysctlGetName:              {"bpf_sysctl_get_name", ReturnInteger, false, [5]ArgKind{ArgContext, ArgMem | ArgWritten, ArgSize, ArgAnything}},
	FnSysctlGetCurrentValue:      {"bpf_sysctl_get_current_value", ReturnInteger, false, [5]ArgKind{ArgContext, ArgMem | ArgUninit, ArgSize}},
	FnSysctlGetNewValue:          {"bpf_sysctl_get_new_value", ReturnInteger, false, [5]ArgKind{ArgContext, ArgMem | ArgUninit, ArgSize}},
	FnSysctlSetNewValue:          {"bpf_sysctl_set_new_value", ReturnInteger, false, [5]ArgKind{ArgContext, ArgMem, ArgSize}},
	FnStrtol:                     {"bpf_strtol", ReturnInteger, false, [5]ArgKind{ArgMem, ArgSize, ArgAnything, ArgMem8 | ArgUninit}},
	FnStrtoul:                    {"bpf_strtoul", ReturnInteger, false, [5]ArgKind{ArgMem, ArgSize, ArgAnything, ArgMem8 | ArgUninit}},
	FnSkStorageGet:               {"bpf_sk_storage_get", ReturnMapValue | ReturnOrNull, false, [5]ArgKind{ArgMap, ArgContextOrSock, ArgMapValue | ArgOrNull, ArgAnything}},
	FnSkStorageDelete:            {"bpf_sk_storage_delete", ReturnInteger, false, [5]ArgKind{ArgMap, ArgSock}},
	FnSendSignal:                 {"bpf_send_signal", ReturnInteger, false, [5]ArgKind{ArgAnything}},
	FnTCPGenSyncookie:            {"bpf_tcp_gen_syncookie", ReturnInteger, true, [5]ArgKind{ArgSock, ArgMem, ArgSize, ArgMem, ArgSize}},
	FnSKBOutput:                  {"bpf_skb_output", ReturnInteger, true, [5]ArgKind{ArgBTF, ArgMap, ArgAnything, ArgMem, ArgSizeOrZero}},
	FnProbeReadUser:              {"bpf_probe_read_user", ReturnInteger, true, [5]ArgKind{ArgMem | ArgUninit, ArgSizeOrZero, ArgAnything}},
	FnProbeReadKernel:            {"bpf_probe_read_kernel", ReturnInteger, true, [5]ArgKind{ArgMem | ArgUninit, ArgSizeOrZero, ArgAnything}},
	FnProbeReadUserStr:           {"bpf_probe_read_user_str", ReturnInteger, true, [5]ArgKind{ArgMem | ArgUninit, ArgSizeOrZero, ArgAnything}},
	FnProbeReadKernelStr:         {"bpf_probe_read_kernel_str", ReturnInteger, true, [5]ArgKind{ArgMem | ArgUninit, ArgSizeOrZero, ArgAnything}},
	FnTCPSendACK:                 {"bpf_tcp_send_ack", ReturnInteger, false, [5]ArgKind{ArgBTF, ArgAnything}},
	FnSendSignalThread:           {"bpf_send_signal_thread", ReturnInteger, false, [5]ArgKind{ArgAnything}},
	FnJiffies64:                  {"bpf_jiffies64", ReturnInteger, false, [5]ArgKind{}},
	FnReadBranchRecords:          {"bpf_read_branch_records", ReturnInteger, true, [5]ArgKind{ArgContext, ArgMem | ArgOrNull | ArgWritten, ArgSizeOrZero, ArgAnything}},
	FnGetNSCurrentPIDTGID:        {"bpf_get_ns_current_pid_tgid", ReturnInteger, false, [5]ArgKind{ArgAnything, ArgAnything, ArgMem | ArgUninit, ArgSize}},
	FnXDPOutput:                  {"bpf_xdp_output", ReturnInteger, true, [5]ArgKind{ArgBTF, ArgMap, ArgAnything, ArgMem, ArgSizeOrZero}},
	FnGetNetnsCookie:             {"bpf_get_netns_cookie", ReturnInteger, false, [5]ArgKind{ArgContext | ArgOrNull}},
	FnGetCurrentAncestorCgroupID: {"bpf_get_current_ancestor_cgroup_id", ReturnInteger, false, [5]ArgKind{ArgAnything}},
	FnSkAssign:                   {"bpf_sk_assign", ReturnInteger, false, [5]ArgKind{ArgContext, ArgSock | ArgOrNull, ArgAnything}},
	FnKtimeGetBootNS:             {"bpf_ktime_get_boot_ns", ReturnInteger, false, [5]ArgKind{}},
	FnSeqPrintf:                  {"bpf_seq_printf", ReturnInteger, true, [5]ArgKind{ArgBTF, ArgMem, ArgSize, ArgMem | ArgOrNull, ArgSizeOrZero}},
	FnSeqWrite:                   {"bpf_seq_write", ReturnInteger, true, [5]ArgKind{ArgBTF, ArgMem, ArgSizeOrZero}},
	FnSkCgroupID:                 {"bpf_sk_cgroup_id", ReturnInteger, false, [5]ArgKind{ArgSock}},
	FnSkAncestorCgroupID:         {"bpf_sk_ancestor_cgroup_id", ReturnInteger, false, [5]ArgKind{ArgSock, ArgAnything}},
	FnRingBufOutput:              {"bpf_ringbuf_output", ReturnInteger, false, [5]ArgKind{ArgMap, ArgMem, ArgSizeOrZero, ArgAnything}},
	FnRingBufReserve:             {"bpf_ringbuf_reserve", ReturnMem | ReturnOrNull, false, [5]ArgKind{ArgMap, ArgAllocSize, ArgAnything}},
	FnRingBufSubmit:              {"bpf_ringbuf_submit", ReturnVoid, false, [5]ArgKind{ArgRingBufMem | ArgReleased, ArgAnything}},
	FnRingBufDiscard:             {"bpf_ringbuf_discard", ReturnVoid, false, [5]ArgKind{ArgRingBufMem | ArgReleased, ArgAnything}},
	FnRingBufQuery:               {"bpf_ringbuf_query", ReturnInteger, false, [5]ArgKind{ArgMap, ArgAnything}},
	FnCsumLevel:                  {"bpf_csum_level", ReturnInteger, false, [5]ArgKind{ArgContext, ArgAnything}},
	FnSkcToTCP6Sock:              {"bpf_skc_to_tcp6_sock", ReturnBTF | ReturnOrNull, false, [5]ArgKind{ArgSock}},
	FnSkcToTCPSock:               {"bpf_skc_to_tcp_sock", ReturnBTF | ReturnOrNull, false, [5]ArgKind{ArgSock}},
	FnSkcToTCPTimewaitSock:       {"bpf_skc_to_tcp_timewait_sock", ReturnBTF | ReturnOrNull, false, [5]ArgKind{ArgSock}},
	FnSkcToTCPRequestSock:        {"bpf_skc_to_tcp_request_sock", ReturnBTF | ReturnOrNull, false, [5]ArgKind{ArgSock}},
	FnSkcToUDP6Sock:              {"bpf_skc_to_udp6_sock", ReturnBTF | ReturnOrNull, false, [5]ArgKind{ArgSock}},
	FnGetTaskStack:               {"bpf_get_task_stack", ReturnInteger, false, [5]ArgKind{ArgBTF, ArgMem | ArgUninit, ArgSizeOrZero, ArgAnything}},
	FnLoadHdrOpt:                 {"bpf_load_hdr_opt", ReturnInteger, false, [5]ArgKind{ArgContext, ArgMem | ArgWritten, ArgSize, ArgAnything}},
	FnStoreHdrOpt:                {"bpf_store_hdr_opt", ReturnInteger, false, [5]ArgKind{ArgContext, ArgMem, ArgSize, ArgAnything}},
	FnReserveHdrOpt:              {"bpf_reserve_hdr_opt", ReturnInteger, false, [5]ArgKind{ArgContext, ArgAnything, ArgAnything}},
	FnInodeStorageGet:            {"bpf_inode_storage_get", ReturnMapValue | ReturnOrNull, false, [5]ArgKind{ArgMap, ArgBTF | ArgOrNull, ArgMapValue | ArgOrNull, ArgAnything}},
	FnInodeStorageDelete:         {"bpf_inode_storage_delete", ReturnInteger, false, [5]ArgKind{ArgMap, ArgBTF | ArgOrNull}},
	FnDPath:                      {"bpf_d_path", ReturnInteger, false, [5]ArgKind{ArgBTF, ArgMem | ArgWritten, ArgSizeOrZero}},
	FnCopyFromUser:               {"bpf_copy_from_user", ReturnInteger, false, [5]ArgKind{ArgMem | ArgUninit, ArgSizeOrZero, ArgAnything}},
	FnSnprintfBTF:                {"bpf_snprintf_btf", ReturnInteger, false, [5]ArgKind{ArgMem | ArgWritten, ArgSize, ArgMem, ArgSize, ArgAnything}},
	FnSeqPrintfBTF:               {"bpf_seq_printf_btf", ReturnInteger, true, [5]ArgKind{ArgBTF, ArgMem, ArgSizeOrZero, ArgAnything}},
	FnSKBCgroupClassID:           {"bpf_skb_cgroup_classid", ReturnInteger, false, [5]ArgKind{ArgContext}},
	FnRedirectNeigh:              {"bpf_redirect_neigh", ReturnInteger, false, [5]ArgKind{ArgAnything, ArgMem | ArgOrNull, ArgSizeOrZero, ArgAnything}},
	FnPerCPUPtr:                  {"bpf_per_cpu_ptr", ReturnPerCPU | ReturnOrNull, false, [5]ArgKind{ArgPerCPUBTF, ArgAnything}},
	FnThisCPUPtr:                 {"bpf_this_cpu_ptr", ReturnPerCPU, false, [5]ArgKind{ArgPerCPUBTF}},
	FnRedirectPeer:               {"bpf_redirect_peer", ReturnInteger, false, [5]ArgKind{ArgAnything, ArgAnything}},
	FnTaskStorageGet:             {"bpf_task_storage_get", ReturnMapValue | ReturnOrNull, false, [5]ArgKind{ArgMap, ArgBTF | ArgOrNull, ArgMapValue | ArgOrNull, ArgAnything}},
	FnTaskStorageDelete:          {"bpf_task_storage_delete", ReturnInteger, false, [5]ArgKind{ArgMap, ArgBTF | ArgOrNull}},
	FnGetCurrentTaskBTF:          {"bpf_get_current_task_btf", ReturnBTF, true, [5]ArgKind{}},
	FnBprmOptsSet:                {"bpf_bprm_opts_set", ReturnInteger, false, [5]ArgKind{ArgBTF, ArgAnything}},
	FnKtimeGetCoarseNS:           {"bpf_ktime_get_coarse_ns", ReturnInteger, false, [5]ArgKind{}},
	FnIMAInodeHash:               {"bpf_ima_inode_hash", ReturnInteger, false, [5]ArgKind{ArgBTF, ArgMem | ArgUninit, ArgSize}},
	FnSockFromFile:               {"bpf_sock_from_file", ReturnBTF | ReturnOrNull, false, [5]ArgKind{ArgBTF}},
	FnCheckMTU:                   {"bpf_check_mtu", ReturnInteger, true, [5]ArgKind{ArgContext, ArgAnything, ArgMem4 | ArgWritten, ArgAnything, ArgAnything}},
	FnForEachMapElem:             {"bpf_for_each_map_elem", ReturnInteger, false, [5]ArgKind{ArgMap, ArgFunc, ArgStack | ArgOrNull, ArgAnything}},
	FnSnprintf:                   {"bpf_snprintf", ReturnInteger, true, [5]ArgKind{ArgMem | ArgOrNull | ArgWritten, ArgSizeOrZero, ArgString, ArgMem | ArgOrNull, ArgSizeOrZero}},
	FnSysBPF:                     {"bpf_sys_bpf", ReturnInteger, false, [5]ArgKind{ArgAnything, ArgMem, ArgSize}},
	FnBTFFindByNameKind:          {"bpf_btf_find_by_name_kind", ReturnInteger, false, [5]ArgKind{ArgMem, ArgSize, ArgAnything, ArgAnything}},
	FnSysClose:                   {"bpf_sys_close", ReturnInteger, false, [5]ArgKind{ArgAnything}},
	FnTimerInit:                  {"bpf_timer_init", ReturnInteger, true, [5]ArgKind{ArgTimer, ArgMap, ArgAnything}},
	FnTimerSetCallback:           {"bpf_timer_set_callback", ReturnInteger, true, [5]ArgKind{ArgTimer, ArgFunc}},
	FnTimerStart:                 {"bpf_timer_start", ReturnInteger, true, [5]ArgKind{ArgTimer, ArgAnything, ArgAnything}},
	FnTimerCancel:                {"bpf_timer_cancel", ReturnInteger, true, [5]ArgKind{ArgTimer}},
	FnGetFuncIP:                  {"bpf_get_func_ip", ReturnInteger, true, [5]ArgKind{ArgContext}},
	FnGetAttachCookie:            {"bpf_get_attach_cookie", ReturnInteger, false, [5]ArgKind{ArgContext}},
	FnTaskPtRegs:                 {"bpf_task_pt_regs", ReturnBTF, true, [5]ArgKind{ArgBTF}},
	FnGetBranchSnapshot:          {"bpf_get_branch_snapshot", ReturnInteger, true, [5]ArgKind{ArgMem | ArgUninit, ArgSizeOrZero, ArgAnything}},
	FnTraceVprintk:               {"bpf_trace_vprintk", ReturnInteger, true, [5]ArgKind{ArgMem, ArgSize, ArgMem | ArgOrNull, ArgSizeOrZero}},
	FnSkcToUnixSock:              {"bpf_skc_to_unix_sock", ReturnBTF | ReturnOrNull, false, [5]ArgKind{ArgSock}},
	FnKallsymsLookupName:         {"bpf_kallsyms_lookup_name", ReturnInteger, false, [5]ArgKind{ArgMem, ArgSizeOrZero, ArgAnything, ArgMem8 | ArgUninit}},
	FnFindVMA:                    {"bpf_find_vma", ReturnInteger, false, [5]ArgKind{ArgBTF, ArgAnything, ArgFunc, ArgStack | ArgOrNull, ArgAnything}},
	FnLoop:                       {"bpf_loop", ReturnInteger, false, [5]ArgKind{ArgAnything, ArgFunc, ArgStack | ArgOrNull, ArgAnything}},
	FnStrncmp:                    {"bpf_strncmp", ReturnInteger, false, [5]ArgKind{ArgMem, ArgSize, ArgString}},
	FnGetFuncArg:                 {"bpf_get_func_arg", ReturnInteger, false, [5]ArgKind{ArgContext, ArgAnything, ArgMem8 | ArgUninit}},
	FnGetFuncRet:                 {"bpf_get_func_ret", ReturnInteger, false, [5]ArgKind{ArgContext, ArgMem8 | ArgUninit}},
	FnGetFuncArgCnt:              {"bpf_get_func_arg_cnt", ReturnInteger, false, [5]ArgKind{ArgContext}},
	FnGetRetval:                  {"bpf_get_retval", ReturnInteger, false, [5]ArgKind{}},
	FnSetRetval:                  {"bpf_set_retval", ReturnInteger, false, [5]ArgKind{ArgAnything}},
	FnXDPGetBuffLen:              {"bpf_xdp_get_buff_len", ReturnInteger, false, [5]ArgKind{ArgContext}},
	FnXDPLoadBytes:               {"bpf_xdp_load_bytes", ReturnInteger, false, [5]ArgKind{ArgContext, ArgAnything, ArgMem | ArgUninit, ArgSize}},
	FnXDPStoreBytes:              {"bpf_xdp_store_bytes", ReturnInteger, false, [5]ArgKind{ArgContext, ArgAnything, ArgMem, ArgSize}},
	FnCopyFromUserTask:           {"bpf_copy_from_user_task", ReturnInteger, true, [5]ArgKind{ArgMem | ArgUninit, ArgSizeOrZero, ArgAnything, ArgBTF, ArgAnything}},
	FnSKBSetTstamp:               {"bpf_skb_set_tstamp", ReturnInteger, false, [5]ArgKind{ArgContext, ArgAnything, ArgAnything}},
	FnIMAFileHash:                {"bpf_ima_file_hash", ReturnInteger, false, [5]ArgKind{ArgBTF, ArgMem | ArgUninit, ArgSize}},
	FnKptrXchg:                   {"bpf_kptr_xchg", ReturnBTF | ReturnOrNull, false, [5]ArgKind{ArgKptr, ArgBTF | ArgOrNull | ArgReleased}},
	FnMapLookupPerCPUElem:        {"bpf_map_lookup_percpu_elem", ReturnMapValue | ReturnOrNull, false, [5]ArgKind{ArgMap, ArgMapKey, ArgAnything}},
	FnSkcToMPTCPSock:             {"bpf_skc_to_mptcp_sock", ReturnBTF | ReturnOrNull, false, [5]ArgKind{ArgSockCommon}},
	FnDynptrFromMem:              {"bpf_dynptr_from_mem", ReturnInteger, false, [5]ArgKind{ArgMem | ArgUninit, ArgSizeOrZero, ArgAnything, ArgDynptr | ArgUninit}},
	FnRingBufReserveDynptr:       {"bpf_ringbuf_reserve_dynptr", ReturnInteger, false, [5]ArgKind{ArgMap, ArgAnything, ArgAnything, ArgDynptr | ArgUninit}},
	FnRingBufSubmitDynptr:        {"bpf_ringbuf_submit_dynptr", ReturnVoid, false, [5]ArgKind{ArgDynptr | ArgReleased, ArgAnything}},
	FnRingBufDiscardDynptr:       {"bpf_ringbuf_discard_dynptr", ReturnVoid, false, [5]ArgKind{ArgDynptr | ArgReleased, ArgAnything}},
	FnDynptrRead:                 {"bpf_dynptr_read", ReturnInteger, false, [5]ArgKind{ArgMem | ArgUninit, ArgSizeOrZero, ArgDynptr, ArgAnything, ArgAnything}},
	FnDynptrWrite:                {"bpf_dynptr_write", ReturnInteger, false, [5]ArgKind{ArgDynptr, ArgAnything, ArgMem, ArgSizeOrZero, ArgAnything}},
	FnDynptrData:                 {"bpf_dynptr_data", ReturnMem | ReturnOrNull, false, [5]ArgKind{ArgDynptr, ArgAnything, ArgAllocSize}},
	FnTCPRawGenSyncookieIPv4:     {"bpf_tcp_raw_gen_syncookie_ipv4", ReturnInteger, true, [5]ArgKind{ArgMem20, ArgMem, ArgSizeOrZero}},
	FnTCPRawGenSyncookieIPv6:     {"bpf_tcp_raw_gen_syncookie_ipv6", ReturnInteger, true, [5]ArgKind{ArgMem40, ArgMem, ArgSizeOrZero}},
	FnTCPRawCheckSyncookieIPv4:   {"bpf_tcp_raw_check_syncookie_ipv4", ReturnInteger, true, [5]ArgKind{ArgMem20, ArgMem20}},
	FnTCPRawCheckSyncookieIPv6:   {"bpf_tcp_raw_check_syncookie_ipv6", ReturnInteger, true, [5]ArgKind{ArgMem40, ArgMem20}},
	FnKtimeGetTAINS:              {"bpf_ktime_get_tai_ns", ReturnInteger, false, [5]ArgKind{}},
	FnUserRingBufDrain:           {"bpf_user_ringbuf_drain", ReturnInteger, false, [5]ArgKind{ArgMap, ArgFunc, ArgStack | ArgOrNull, ArgAnything}},
	FnCgrpStorageGet:             {"bpf_cgrp_storage_get", ReturnMapValue | ReturnOrNull, false, [5]ArgKind{ArgMap, ArgBTF | ArgOrNull, ArgMapValue | ArgOrNull, ArgAnything}},
	FnCgrpStorageDelete:          {"bpf_cgrp_storage_delete", ReturnInteger, false, [5]ArgKind{ArgMap, ArgBTF | ArgOrNull}},
}
