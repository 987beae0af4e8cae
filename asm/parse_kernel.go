package asm

import (
	"cmp"
	"slices"
)

// implementation is a function that the kernel calls for a helper in programs of some types. bpftool shows it by its name.
type implementation struct {
	name   string
	helper Helper
}

// implementations are in the order of their names: the protos of kernel/trace/bpf_trace.c, kernel/trace/bpf_stack*.c,
// kernel/bpf/*.c, net/core/filter.c, net/core/bpf_sk_storage.c and net/core/sock_reuseport.c with another func than the
// helper's. Where the verifier calls the operation of a map for a helper without other changes, it is that operation.
var implementations = [...]implementation{
	{"array_map_delete_elem", FnMapDeleteElem},
	{"array_map_update_elem", FnMapUpdateElem},
	{"bpf_event_output_data", FnPerfEventOutput},
	{"bpf_flow_dissector_load_bytes", FnSKBLoadBytes},
	{"bpf_get_attach_cookie_kprobe_multi", FnGetAttachCookie},
	{"bpf_get_attach_cookie_pe", FnGetAttachCookie},
	{"bpf_get_attach_cookie_trace", FnGetAttachCookie},
	{"bpf_get_attach_cookie_tracing", FnGetAttachCookie},
	{"bpf_get_attach_cookie_uprobe_multi", FnGetAttachCookie},
	{"bpf_get_cgroup_classid_curr", FnGetCgroupClassID},
	{"bpf_get_func_ip_kprobe", FnGetFuncIP},
	{"bpf_get_func_ip_kprobe_multi", FnGetFuncIP},
	{"bpf_get_func_ip_tracing", FnGetFuncIP},
	{"bpf_get_func_ip_uprobe_multi", FnGetFuncIP},
	{"bpf_get_netns_cookie_sk_msg", FnGetNetnsCookie},
	{"bpf_get_netns_cookie_sock", FnGetNetnsCookie},
	{"bpf_get_netns_cookie_sock_addr", FnGetNetnsCookie},
	{"bpf_get_netns_cookie_sock_ops", FnGetNetnsCookie},
	{"bpf_get_netns_cookie_sockopt", FnGetNetnsCookie},
	{"bpf_get_raw_cpu_id", FnGetSMPProcessorID},
	{"bpf_get_socket_cookie_sock", FnGetSocketCookie},
	{"bpf_get_socket_cookie_sock_addr", FnGetSocketCookie},
	{"bpf_get_socket_cookie_sock_ops", FnGetSocketCookie},
	{"bpf_get_socket_ptr_cookie", FnGetSocketCookie},
	{"bpf_get_stack_pe", FnGetStack},
	{"bpf_get_stack_raw_tp", FnGetStack},
	{"bpf_get_stack_sleepable", FnGetStack},
	{"bpf_get_stack_tp", FnGetStack},
	{"bpf_get_stackid_pe", FnGetStackID},
	{"bpf_get_stackid_raw_tp", FnGetStackID},
	{"bpf_get_stackid_tp", FnGetStackID},
	{"bpf_get_task_stack_sleepable", FnGetTaskStack},
	{"bpf_lwt_in_push_encap", FnLWTPushEncap},
	{"bpf_lwt_xmit_push_encap", FnLWTPushEncap},
	{"bpf_perf_event_output_raw_tp", FnPerfEventOutput},
	{"bpf_perf_event_output_tp", FnPerfEventOutput},
	{"bpf_probe_read_compat", FnProbeRead},
	{"bpf_probe_read_compat_str", FnProbeReadStr},
	{"bpf_sk_getsockopt", FnGetsockopt},
	{"bpf_sk_lookup_assign", FnSkAssign},
	{"bpf_sk_setsockopt", FnSetsockopt},
	{"bpf_sk_storage_delete_tracing", FnSkStorageDelete},
	{"bpf_sk_storage_get_tracing", FnSkStorageGet},
	{"bpf_skb_check_mtu", FnCheckMTU},
	{"bpf_skb_event_output", FnPerfEventOutput},
	{"bpf_skb_fib_lookup", FnFIBLookup},
	{"bpf_sock_addr_getsockopt", FnGetsockopt},
	{"bpf_sock_addr_setsockopt", FnSetsockopt},
	{"bpf_sock_addr_sk_lookup_tcp", FnSkLookupTCP},
	{"bpf_sock_addr_sk_lookup_udp", FnSkLookupUDP},
	{"bpf_sock_addr_skc_lookup_tcp", FnSkcLookupTCP},
	{"bpf_sock_ops_getsockopt", FnGetsockopt},
	{"bpf_sock_ops_load_hdr_opt", FnLoadHdrOpt},
	{"bpf_sock_ops_reserve_hdr_opt", FnReserveHdrOpt},
	{"bpf_sock_ops_setsockopt", FnSetsockopt},
	{"bpf_sock_ops_store_hdr_opt", FnStoreHdrOpt},
	{"bpf_task_storage_delete_recur", FnTaskStorageDelete},
	{"bpf_task_storage_get_recur", FnTaskStorageGet},
	{"bpf_tc_sk_lookup_tcp", FnSkLookupTCP},
	{"bpf_tc_sk_lookup_udp", FnSkLookupUDP},
	{"bpf_tc_skc_lookup_tcp", FnSkcLookupTCP},
	{"bpf_unlocked_sk_getsockopt", FnGetsockopt},
	{"bpf_unlocked_sk_setsockopt", FnSetsockopt},
	{"bpf_user_rnd_u32", FnGetPrandomU32},
	{"bpf_xdp_check_mtu", FnCheckMTU},
	{"bpf_xdp_event_output", FnPerfEventOutput},
	{"bpf_xdp_fib_lookup", FnFIBLookup},
	{"bpf_xdp_redirect", FnRedirect},
	{"bpf_xdp_redirect_map", FnRedirectMap},
	{"bpf_xdp_sk_lookup_tcp", FnSkLookupTCP},
	{"bpf_xdp_sk_lookup_udp", FnSkLookupUDP},
	{"bpf_xdp_skc_lookup_tcp", FnSkcLookupTCP},
	{"dev_hash_map_redirect", FnRedirectMap},
	{"dev_map_hash_lookup_elem", FnMapLookupElem},
	{"dev_map_lookup_elem", FnMapLookupElem},
	{"dev_map_redirect", FnRedirectMap},
	{"get_func_arg", FnGetFuncArg},
	{"get_func_arg_cnt", FnGetFuncArgCnt},
	{"get_func_ret", FnGetFuncRet},
	{"htab_lru_map_delete_elem", FnMapDeleteElem},
	{"htab_lru_map_update_elem", FnMapUpdateElem},
	{"htab_map_delete_elem", FnMapDeleteElem},
	{"htab_map_update_elem", FnMapUpdateElem},
	{"queue_map_peek_elem", FnMapPeekElem},
	{"queue_map_pop_elem", FnMapPopElem},
	{"queue_stack_map_push_elem", FnMapPushElem},
	{"sk_reuseport_load_bytes", FnSKBLoadBytes},
	{"sk_reuseport_load_bytes_relative", FnSKBLoadBytesRelative},
	{"sk_select_reuseport", FnSkSelectReuseport},
	{"sk_skb_adjust_room", FnSKBAdjustRoom},
	{"sk_skb_change_head", FnSKBChangeHead},
	{"sk_skb_change_tail", FnSKBChangeTail},
	{"sk_skb_pull_data", FnSKBPullData},
	{"stack_map_peek_elem", FnMapPeekElem},
	{"stack_map_pop_elem", FnMapPopElem},
}

// implemented returns the helper that the kernel calls a function of this name for, in programs of type t.
func implemented(name string, t ProgramType) (Helper, bool) {
	k, ok := slices.BinarySearchFunc(implementations[:], name, func(i implementation, name string) int { return cmp.Compare(i.name, name) })
	if !ok {
		return 0, false
	}
	switch {
	case t == Tracing && name == "bpf_skb_event_output":
		return FnSKBOutput, true
	case t == Tracing && name == "bpf_xdp_event_output":
		return FnXDPOutput, true
	}
	return implementations[k].helper, true
}
