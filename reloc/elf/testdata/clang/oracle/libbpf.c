/*
 * Loads objects through libbpf and prints for each program its instructions as libbpf submitted them: a slot of 8 bytes in
 * hex a line, with 0 and the map's name in the place of a map's descriptor.
 *
 *	cc -o libbpf libbpf.c -lbpf && ./libbpf object.o
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <string.h>

/* libbpf puts the name of the object before those of .data and its like. */
static const char *name_of(struct bpf_object *object, int fd)
{
	struct bpf_map *map;

	bpf_object__for_each_map(map, object)
		if (bpf_map__fd(map) == fd) {
			const char *name = bpf_map__name(map), *dot = strchr(name, '.');

			return dot ? dot : name;
		}
	return "?";
}

static int show(const char *path)
{
	struct bpf_object *object = bpf_object__open_file(path, NULL);
	struct bpf_program *program;
	struct bpf_map *map;

	if (!object)
		return perror(path), 1;
	bpf_object__for_each_map(map, object)
		bpf_map__set_pin_path(map, NULL);
	bpf_object__for_each_program(program, object)
		bpf_program__set_autoload(program, 1);
	if (bpf_object__load(object))
		return perror(path), 1;
	bpf_object__for_each_program(program, object) {
		const struct bpf_insn *insns = bpf_program__insns(program);
		size_t n = bpf_program__insn_cnt(program);

		printf("program %s type %d attach %d\n", bpf_program__name(program), bpf_program__type(program),
		       bpf_program__expected_attach_type(program));
		for (size_t i = 0; i < n; i++) {
			struct bpf_insn insn = insns[i];
			const char *map = NULL;

			if (insn.code == (BPF_LD | BPF_IMM | BPF_DW) && (insn.src_reg == 1 || insn.src_reg == 2)) {
				map = name_of(object, insn.imm);
				insn.imm = 0;
			}
			for (int b = 0; b < 8; b++)
				printf("%02x", ((unsigned char *)&insn)[b]);
			printf(map ? " %s\n" : "\n", map);
		}
	}
	bpf_object__close(object);
	return 0;
}

int main(int argc, char **argv)
{
	int failed = 0;

	for (int i = 1; i < argc; i++)
		failed |= show(argv[i]);
	return failed;
}
