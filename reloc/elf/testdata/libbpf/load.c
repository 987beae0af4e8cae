// load FILE DIR loads an object with libbpf, pins its programs and maps in DIR, and prints the descriptor of every map and
// the instructions of every program, with everything relocated, as libbpf gives them to the kernel.
#include <bpf/libbpf.h>
#include <stdio.h>

int main(int argc, char **argv)
{
	struct bpf_object *object;
	struct bpf_program *program;
	struct bpf_map *map;

	if (argc != 3)
		return 2;
	object = bpf_object__open_file(argv[1], NULL);
	if (libbpf_get_error(object))
		return 1;
	if (bpf_object__load(object) || bpf_object__pin_maps(object, argv[2]) || bpf_object__pin_programs(object, argv[2]))
		return 1;
	bpf_object__for_each_map(map, object)
		printf("map %s %d\n", bpf_map__name(map), bpf_map__fd(map));
	bpf_object__for_each_program(program, object) {
		const unsigned char *bytes = (const unsigned char *)bpf_program__insns(program);
		size_t n = bpf_program__insn_cnt(program) * sizeof(struct bpf_insn);

		printf("program %s ", bpf_program__name(program));
		while (n--)
			printf("%02x", *bytes++);
		printf("\n");
	}
	bpf_object__close(object);
	return 0;
}
