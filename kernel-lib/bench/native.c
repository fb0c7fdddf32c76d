/*
 * What the kernel under our feet takes for the operations of the benchmark, by the names of memory-operations.ts.
 *
 *     native OPERATION PAGES ROUNDS
 *
 * prints one line for each round: CPU seconds, and how many pages were touched. Exit status 3: this kernel or this
 * user cannot do it. A real fault takes an exception and clears 4096 bytes; the model's does neither.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { CANNOT = 3 };

static size_t page_size, pages, length;

static void check(int ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "%s: %s\n", what, strerror(errno));
	exit(CANNOT);
}

static double clock_seconds(clockid_t clock)
{
	struct timespec t;
	clock_gettime(clock, &t);
	return t.tv_sec + t.tv_nsec * 1e-9;
}

static double cpu_seconds(void)
{
	return clock_seconds(CLOCK_PROCESS_CPUTIME_ID);
}

static char *map_pages(void)
{
	char *base = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	check(base != MAP_FAILED, "mmap");
	/* Small pages only: a huge page would be one fault for many. */
	madvise(base, length, MADV_NOHUGEPAGE);
	return base;
}

static void write_all(volatile char *base, char value)
{
	for (size_t i = 0; i < pages; i++)
		base[i * page_size] = value;
}

static void read_all(volatile char *base)
{
	for (size_t i = 0; i < pages; i++)
		(void)base[i * page_size];
}

static char *written(void)
{
	char *base = map_pages();
	write_all(base, 1);
	return base;
}

/* A child that lives until its end of the pipe is told. */
struct child {
	pid_t pid;
	int stop;
};

static struct child fork_waiting(void)
{
	int ends[2];
	check(pipe(ends) == 0, "pipe");
	pid_t pid = fork();
	check(pid >= 0, "fork");
	if (pid == 0) {
		char byte;
		close(ends[1]);
		while (read(ends[0], &byte, 1) < 0)
			;
		_exit(0);
	}
	close(ends[0]);
	return (struct child){ pid, ends[1] };
}

static void stop_child(struct child child)
{
	close(child.stop);
	check(waitpid(child.pid, NULL, 0) == child.pid, "waitpid");
}

static double anon_write(void)
{
	char *base = map_pages();
	double start = cpu_seconds();
	write_all(base, 1);
	return cpu_seconds() - start;
}

static double zero_read(void)
{
	char *base = map_pages();
	double start = cpu_seconds();
	read_all(base);
	return cpu_seconds() - start;
}

static double hit(void)
{
	char *base = written();
	double start = cpu_seconds();
	write_all(base, 2);
	return cpu_seconds() - start;
}

static double fork_pages(void)
{
	written();
	double start = cpu_seconds();
	struct child child = fork_waiting();
	double seconds = cpu_seconds() - start;
	stop_child(child);
	return seconds;
}

static double cow(void)
{
	char *base = written();
	struct child child = fork_waiting();
	double start = cpu_seconds();
	write_all(base, 2);
	double seconds = cpu_seconds() - start;
	stop_child(child);
	return seconds;
}

static double reuse(void)
{
	char *base = written();
	stop_child(fork_waiting());
	double start = cpu_seconds();
	write_all(base, 2);
	return cpu_seconds() - start;
}

static double zap(void)
{
	char *base = written();
	double start = cpu_seconds();
	check(madvise(base, length, MADV_DONTNEED) == 0, "MADV_DONTNEED");
	return cpu_seconds() - start;
}

static double unmap(void)
{
	char *base = written();
	double start = cpu_seconds();
	check(munmap(base, length) == 0, "munmap");
	return cpu_seconds() - start;
}

static double children_seconds(void)
{
	struct rusage usage;
	getrusage(RUSAGE_CHILDREN, &usage);
	return usage.ru_utime.tv_sec + usage.ru_stime.tv_sec + (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1e-6;
}

/* The whole life of the child, less what it says to have used before it exits. */
static double exit_process(void)
{
	int ends[2];
	double used = 0;
	written();
	check(pipe(ends) == 0, "pipe");
	double before = children_seconds();
	pid_t pid = fork();
	check(pid >= 0, "fork");
	if (pid == 0) {
		used = cpu_seconds();
		_exit(write(ends[1], &used, sizeof(used)) != sizeof(used));
	}
	check(read(ends[0], &used, sizeof(used)) == sizeof(used), "read");
	check(waitpid(pid, NULL, 0) == pid, "waitpid");
	return children_seconds() - before - used;
}

static double protect(char *base, int prot)
{
	double start = cpu_seconds();
	check(mprotect(base, length, prot) == 0, "mprotect");
	return cpu_seconds() - start;
}

static double mprotect_pages(void)
{
	return protect(written(), PROT_READ);
}

static double mprotect_back(void)
{
	char *base = written();
	protect(base, PROT_READ);
	return protect(base, PROT_READ | PROT_WRITE);
}

static char *swapped_out(double *seconds)
{
	char *base = written();
	unsigned char *present = malloc(pages);
	size_t left = 0;
	double start = cpu_seconds();
	check(madvise(base, length, MADV_PAGEOUT) == 0, "MADV_PAGEOUT");
	*seconds = cpu_seconds() - start;
	check(present && mincore(base, length, present) == 0, "mincore");
	for (size_t i = 0; i < pages; i++)
		left += present[i] & 1;
	errno = ENOSPC;
	check(left < pages / 16, "swap");
	free(present);
	return base;
}

static double swap_out(void)
{
	double seconds;
	swapped_out(&seconds);
	return seconds;
}

static double swap_in(void)
{
	double seconds;
	char *base = swapped_out(&seconds);
	double start = cpu_seconds();
	read_all(base);
	return cpu_seconds() - start;
}

static void write_protect(int uffd, uint64_t start, uint64_t len, int on)
{
	struct uffdio_writeprotect wp = {
		.range = { start, len },
		.mode = on ? UFFDIO_WRITEPROTECT_MODE_WP : 0,
	};
	check(ioctl(uffd, UFFDIO_WRITEPROTECT, &wp) == 0, "UFFDIO_WRITEPROTECT");
}

static void *monitor(void *arg)
{
	int uffd = *(int *)arg;
	struct uffd_msg message;
	for (size_t i = 0; i < pages; i++) {
		check(read(uffd, &message, sizeof(message)) == sizeof(message), "read of the userfaultfd");
		write_protect(uffd, message.arg.pagefault.address & ~(uint64_t)(page_size - 1), page_size, 0);
	}
	return NULL;
}

static double uffd_wp(void)
{
	char *base = written();
	int uffd = syscall(SYS_userfaultfd, O_CLOEXEC | UFFD_USER_MODE_ONLY);
	check(uffd >= 0, "userfaultfd");
	struct uffdio_api api = { .api = UFFD_API, .features = UFFD_FEATURE_PAGEFAULT_FLAG_WP };
	check(ioctl(uffd, UFFDIO_API, &api) == 0, "UFFDIO_API");
	struct uffdio_register reg = {
		.range = { (uintptr_t)base, length },
		.mode = UFFDIO_REGISTER_MODE_WP,
	};
	check(ioctl(uffd, UFFDIO_REGISTER, &reg) == 0, "UFFDIO_REGISTER");
	write_protect(uffd, (uintptr_t)base, length, 1);
	pthread_t thread;
	check(pthread_create(&thread, NULL, monitor, &uffd) == 0, "pthread_create");
	double start = cpu_seconds();
	write_all(base, 2);
	double seconds = cpu_seconds() - start;
	pthread_join(thread, NULL);
	close(uffd);
	return seconds;
}

static const struct {
	const char *name;
	double (*run)(void);
} operations[] = {
	{ "anon-write", anon_write }, { "zero-read", zero_read },           { "hit", hit },
	{ "fork", fork_pages },       { "cow", cow },                       { "reuse", reuse },
	{ "zap", zap },               { "munmap", unmap },                  { "exit", exit_process },
	{ "mprotect", mprotect_pages }, { "mprotect-back", mprotect_back }, { "swap-out", swap_out },
	{ "swap-in", swap_in },       { "uffd-wp", uffd_wp },
};

int main(int argc, char **argv)
{
	if (argc != 4)
		return 2;
	page_size = sysconf(_SC_PAGESIZE);
	pages = strtoul(argv[2], NULL, 10);
	length = pages * page_size;
	int rounds = atoi(argv[3]);
	for (size_t i = 0; i < sizeof(operations) / sizeof(*operations); i++) {
		if (strcmp(operations[i].name, argv[1]) != 0)
			continue;
		/* Each round in a process of its own: what one leaves behind the next does not see. */
		for (int round = 0; round < rounds; round++) {
			int status;
			pid_t pid = fork();
			check(pid >= 0, "fork");
			if (pid == 0) {
				printf("%.9f\n", operations[i].run());
				fflush(stdout);
				_exit(0);
			}
			check(waitpid(pid, &status, 0) == pid, "waitpid");
			if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
				return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
		}
		return 0;
	}
	return 2;
}
