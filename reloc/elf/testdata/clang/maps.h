/* Maps for objects with types (the default) and for those of before (-DLEGACY), in the same words. */
#include <linux/types.h>
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_endian.h>

#ifdef LEGACY
struct bpf_map_def {
	unsigned int type;
	unsigned int key_size;
	unsigned int value_size;
	unsigned int max_entries;
	unsigned int map_flags;
};
#define MAP(NAME, TYPE, KEY, VALUE, ENTRIES, FLAGS)                                                                   \
	struct bpf_map_def SEC("maps") NAME = {                                                                        \
		.type = TYPE, .key_size = sizeof(KEY), .value_size = sizeof(VALUE), .max_entries = ENTRIES, .map_flags = FLAGS, \
	}
#else
#define MAP(NAME, TYPE, KEY, VALUE, ENTRIES, FLAGS)                                                                   \
	struct {                                                                                                       \
		__uint(type, TYPE);                                                                                    \
		__type(key, KEY);                                                                                      \
		__type(value, VALUE);                                                                                  \
		__uint(max_entries, ENTRIES);                                                                          \
		__uint(map_flags, FLAGS);                                                                              \
	} NAME SEC(".maps")
#endif
