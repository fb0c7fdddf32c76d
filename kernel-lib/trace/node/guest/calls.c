/* The operations that a process of a program carries out itself. */
#include "guest.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>
#include "userfaultfd.h"

#ifndef MREMAP_DONTUNMAP
#define MREMAP_DONTUNMAP 4
#endif

static sigjmp_buf stopped;
static volatile sig_atomic_t accessing;
static volatile int stop_signal, stop_code;
static char byte;

static void on_signal(int signal, siginfo_t *info, void *context)
{
	(void)context;
	stop_signal = signal;
	stop_code = info->si_code;
	if (accessing)
		siglongjmp(stopped, 1);
}

static void catch_signals(void)
{
	struct sigaction action = { .sa_sigaction = on_signal, .sa_flags = SA_SIGINFO | SA_NODEFER };
	sigaction(SIGSEGV, &action, NULL);
	sigaction(SIGBUS, &action, NULL);
	stop_signal = 0;
}

/* One load or store; 0 if it was not stopped. */
static int access_byte(volatile char *at, int store, char value)
{
	catch_signals();
	if (sigsetjmp(stopped, 0) != 0) {
		accessing = 0;
		return stop_signal;
	}
	accessing = 1;
	if (store)
		*at = value;
	else
		byte = *at;
	accessing = 0;
	return 0;
}

static void give(struct result *result, long ret)
{
	result->ret = ret;
	result->err = ret < 0 ? errno : 0;
}

static void give_val(struct result *result, unsigned char val)
{
	result->has_val = 1;
	result->val = val;
}

static void note_signal(struct result *result)
{
	result->signal = stop_signal;
	result->code = stop_code;
}

static int load_or_store(const struct operation *op, struct result *result)
{
	int store = is(op, "write");
	char *at = page_at(number(op, 1), number(op, 2));
	if (access_byte(at, store, number(op, 3)) != 0) {
		result->ret = -1;
		note_signal(result);
	} else if (!store) {
		give_val(result, byte);
	}
	return 0;
}

static int load_all(const struct operation *op, struct result *result)
{
	result->nr_vals = number(op, 3);
	for (int i = 0; i < result->nr_vals && i < VALUES; i++) {
		int signal = access_byte(page_at(number(op, 1), number(op, 2) + i), 0, 0);
		result->vals[i] = signal == 0 ? (unsigned char)byte : signal == SIGSEGV ? -1 : -2;
	}
	return 0;
}

static int prot_of(const char *word)
{
	return *word == 'n' ? PROT_NONE : *word == 'r' ? PROT_READ : PROT_READ | PROT_WRITE;
}

static int map(const struct operation *op, struct result *result)
{
	const char *source = op->word[5];
	int flags = MAP_FIXED | (*op->word[4] == 's' ? MAP_SHARED : MAP_PRIVATE);
	int fd = -1;
	if (strcmp(source, "anon") == 0)
		flags |= MAP_ANONYMOUS;
	else if (strcmp(source, "zero") == 0)
		fd = open("/dev/zero", O_RDWR | O_CLOEXEC);
	else
		fd = objects[atoi(source + 1)];
	void *at = mmap(page_at(number(op, 1), 0), number(op, 2) * PAGE, prot_of(op->word[3]), flags, fd,
			number(op, 6) * PAGE);
	give(result, at == MAP_FAILED ? -1 : 0);
	if (strcmp(source, "zero") == 0)
		close(fd);
	return 0;
}

static int move_mapping(const struct operation *op, struct result *result)
{
	int flags = MREMAP_MAYMOVE | MREMAP_FIXED | (*op->word[6] ? MREMAP_DONTUNMAP : 0);
	size_t length = number(op, 3) * PAGE;
	void *at = mremap(page_at(number(op, 1), number(op, 2)), length, length, flags,
			  page_at(number(op, 4), number(op, 5)));
	give(result, at == MAP_FAILED ? -1 : 0);
	return 0;
}

static int range_call(const struct operation *op, struct result *result)
{
	char *start = page_at(number(op, 1), number(op, 2));
	size_t length = number(op, 3) * PAGE;
	catch_signals();
	if (is(op, "munmap"))
		give(result, munmap(start, length));
	else if (is(op, "mprotect"))
		give(result, mprotect(start, length, prot_of(op->word[4])));
	else if (is(op, "madvise"))
		give(result, madvise(start, length, number(op, 4)));
	else if (is(op, "mlock"))
		give(result, mlock(start, length));
	else if (is(op, "mlock2"))
		give(result, syscall(SYS_mlock2, start, length, MLOCK_ONFAULT));
	else if (is(op, "munlock"))
		give(result, munlock(start, length));
	else if (is(op, "msync"))
		give(result, msync(start, length, MS_SYNC));
	else
		return -1;
	if (stop_signal != 0)
		note_signal(result);
	return 0;
}

static int splice_pages(const struct operation *op, struct result *result)
{
	struct iovec pages = { page_at(number(op, 1), number(op, 2)), number(op, 3) * PAGE };
	give(result, vmsplice(pipes[number(op, 4)][1], &pages, 1, SPLICE_F_NONBLOCK));
	return 0;
}

/* process_vm_readv and _writev, and /proc/PID/mem. */
static int remote_call(const struct operation *op, struct result *result)
{
	pid_t pid = shared->pid[number(op, 1)];
	char *at = page_at(number(op, 2), number(op, 3));
	struct iovec local = { &byte, 1 }, remote = { at, 1 };
	int writes = strstr(op->name, "write") != NULL;
	byte = number(op, 4);
	if (pid == 0) {
		errno = ESRCH;
		give(result, -1);
	} else if (op->name[0] == 'p') {
		give(result, writes ? process_vm_writev(pid, &local, 1, &remote, 1, 0) :
				      process_vm_readv(pid, &local, 1, &remote, 1, 0));
	} else {
		char path[32];
		snprintf(path, sizeof(path), "/proc/%d/mem", pid);
		int fd = open(path, O_RDWR | O_CLOEXEC);
		off_t offset = (uintptr_t)at;
		give(result, fd < 0 ? -1 : writes ? pwrite(fd, &byte, 1, offset) : pread(fd, &byte, 1, offset));
		close(fd);
	}
	if (!writes && result->ret == 1)
		give_val(result, byte);
	return 0;
}

static int direct_call(const struct operation *op, struct result *result)
{
	char *at = page_at(number(op, 1), number(op, 2));
	give(result, is(op, "odwrite") ? pwrite(disk, at, PAGE, 0) : pread(disk, at, PAGE, PAGE));
	return 0;
}

/* A ring of its own for each buffer; the harness takes the descriptor over. */
static int register_buffer(const struct operation *op, struct result *result)
{
	struct iovec pages = { page_at(number(op, 1), number(op, 2)), number(op, 3) * PAGE };
	memset(&shared->params, 0, sizeof(shared->params));
	int fd = syscall(SYS_io_uring_setup, 4, &shared->params);
	if (fd < 0) {
		give(result, -1);
		return 0;
	}
	give(result, syscall(SYS_io_uring_register, fd, IORING_REGISTER_BUFFERS, &pages, 1));
	if (result->ret == 0)
		shared->made = fd;
	else
		close(fd);
	return 0;
}

static int make_userfaultfd(struct result *result)
{
	int fd = syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);
	give(result, fd < 0 ? -1 : 0);
	shared->made = fd;
	return 0;
}

/* UFFDIO_MOVE by the process itself, on a descriptor that only the harness holds for long. */
static int move_own_pages(const struct operation *op, struct result *result)
{
	struct uffdio_move move = {
		.dst = (uintptr_t)page_at(number(op, 4), number(op, 5)),
		.src = (uintptr_t)page_at(number(op, 1), number(op, 2)),
		.len = number(op, 3) * PAGE,
	};
	int harness = syscall(SYS_pidfd_open, 1, 0);
	int fd = syscall(SYS_pidfd_getfd, harness, shared->userfaultfd[number(op, 0)], 0);
	give(result, ioctl(fd, UFFDIO_MOVE, &move));
	close(fd);
	close(harness);
	return 0;
}

int process_call(const struct operation *op, struct result *result)
{
	if (is(op, "read") || is(op, "write"))
		return load_or_store(op, result);
	if (is(op, "readall"))
		return load_all(op, result);
	if (is(op, "mmap"))
		return map(op, result);
	if (is(op, "mremap"))
		return move_mapping(op, result);
	if (is(op, "vmsplice"))
		return splice_pages(op, result);
	if (is(op, "pvread") || is(op, "pvwrite") || is(op, "memread") || is(op, "memwrite"))
		return remote_call(op, result);
	if (is(op, "odread") || is(op, "odwrite"))
		return direct_call(op, result);
	if (is(op, "ioreg"))
		return register_buffer(op, result);
	if (is(op, "uffd"))
		return make_userfaultfd(result);
	if (is(op, "pmove"))
		return move_own_pages(op, result);
	return range_call(op, result);
}
