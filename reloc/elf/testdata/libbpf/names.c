// names NAME... prints what libbpf takes a program in a section of each name for: the numbers of the program type and the
// attach type, -1 for a name that this version does not have.
#include <bpf/libbpf.h>
#include <stdio.h>

static int quiet(enum libbpf_print_level level, const char *format, va_list args)
{
	return 0;
}

int main(int argc, char **argv)
{
	libbpf_set_print(quiet);
	for (int i = 1; i < argc; i++) {
		enum bpf_prog_type type = 0;
		enum bpf_attach_type attach = 0;

		if (libbpf_prog_type_by_name(argv[i], &type, &attach))
			printf("%s -1 -1\n", argv[i]);
		else
			printf("%s %d %d\n", argv[i], type, attach);
	}
	return 0;
}
