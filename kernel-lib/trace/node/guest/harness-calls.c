/* The operations that no process of a program carries out, and the descriptors that outlive its processes. */
#include "guest.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef FALLOC_FL_PUNCH_HOLE
#include <linux/falloc.h>
#endif

int pipes[PIPES][2], objects[OBJECTS], disk = -1;
struct buffer buffers[BUFFERS];
static int peeked[2];
static char page[PAGE] __attribute__((aligned(PAGE)));

static void give(struct result *result, long ret)
{
	result->ret = ret;
	result->err = ret < 0 ? errno : 0;
}

static void give_byte(struct result *result, long ret, unsigned char val)
{
	give(result, ret);
	result->has_val = ret > 0;
	result->val = val;
}

static void make_pipe(int ends[2])
{
	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0)
		fail("pipe: %s", strerror(errno));
}

void open_descriptors(void)
{
	for (int i = 0; i < PIPES; i++)
		make_pipe(pipes[i]);
	make_pipe(peeked);
	for (int i = 0; i < OBJECTS; i++)
		objects[i] = -1;
	for (int i = 0; i < BUFFERS; i++)
		buffers[i].fd = -1;
	for (int i = 0; i < PROCESSES; i++)
		shared->userfaultfd[i] = -1;
}

static void close_one(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

void close_descriptors(void)
{
	for (int i = 0; i < PIPES; i++) {
		close_one(&pipes[i][0]);
		close_one(&pipes[i][1]);
	}
	close_one(&peeked[0]);
	close_one(&peeked[1]);
	for (int i = 0; i < OBJECTS; i++)
		close_one(&objects[i]);
	for (int i = 0; i < BUFFERS; i++)
		close_one(&buffers[i].fd);
	for (int i = 0; i < PROCESSES; i++)
		close_userfaultfd(i);
}

static int pipe_call(const struct operation *op, struct result *result)
{
	int from = pipes[number(op, 0)][0];
	if (is(op, "piperead")) {
		long ret = read(from, page, PAGE);
		give_byte(result, ret, page[0]);
		return 0;
	}
	long ret = tee(from, peeked[1], PAGE, SPLICE_F_NONBLOCK);
	give(result, ret);
	if (ret > 0 && read(peeked[0], page, PAGE) > 0)
		give_byte(result, ret, page[0]);
	return 0;
}

/* The ring of `ioreg`, which its process made. */
void keep_buffer(const struct operation *op, int fd)
{
	struct buffer *buffer = &buffers[number(op, 4)];
	close_one(&buffer->fd);
	*buffer = (struct buffer){ fd, page_at(number(op, 1), number(op, 2)), number(op, 3), shared->params };
}

/* Submits one request to a ring and gives its result. */
static int submit(struct buffer *buffer, const struct io_uring_sqe *request)
{
	struct io_uring_params *p = &buffer->params;
	size_t ring = p->sq_off.array + p->sq_entries * 4, done = p->cq_off.cqes + p->cq_entries * 16;
	char *sq = mmap(NULL, ring, PROT_READ | PROT_WRITE, MAP_SHARED, buffer->fd, IORING_OFF_SQ_RING);
	char *cq = mmap(NULL, done, PROT_READ | PROT_WRITE, MAP_SHARED, buffer->fd, IORING_OFF_CQ_RING);
	struct io_uring_sqe *sqes = mmap(NULL, p->sq_entries * sizeof(*sqes), PROT_READ | PROT_WRITE, MAP_SHARED,
					 buffer->fd, IORING_OFF_SQES);
	if (sq == MAP_FAILED || cq == MAP_FAILED || sqes == MAP_FAILED)
		fail("the ring of a buffer: %s", strerror(errno));
	unsigned *tail = (unsigned *)(sq + p->sq_off.tail), *head = (unsigned *)(cq + p->cq_off.head);
	unsigned at = *tail & (p->sq_entries - 1);
	sqes[at] = *request;
	((unsigned *)(sq + p->sq_off.array))[at] = at;
	__atomic_store_n(tail, *tail + 1, __ATOMIC_RELEASE);
	int res = -EIO;
	if (syscall(SYS_io_uring_enter, buffer->fd, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0) == 1) {
		res = ((struct io_uring_cqe *)(cq + p->cq_off.cqes))[*head & (p->cq_entries - 1)].res;
		__atomic_store_n(head, *head + 1, __ATOMIC_RELEASE);
	}
	munmap(sq, ring);
	munmap(cq, done);
	munmap(sqes, p->sq_entries * sizeof(*sqes));
	return res;
}

/* A byte goes through the pinned page: out of it into a pipe, or out of a pipe into it. */
static int buffer_call(const struct operation *op, struct result *result)
{
	struct buffer *buffer = &buffers[number(op, 0)];
	int writes = is(op, "iowrite");
	errno = EBADF;
	if (buffer->fd < 0) {
		give(result, -1);
		return 0;
	}
	if (is(op, "iounreg")) {
		give(result, syscall(SYS_io_uring_register, buffer->fd, IORING_UNREGISTER_BUFFERS, NULL, 0));
		close_one(&buffer->fd);
		return 0;
	}
	unsigned char byte = number(op, 2);
	struct io_uring_sqe request = {
		.opcode = writes ? IORING_OP_READ_FIXED : IORING_OP_WRITE_FIXED,
		.fd = peeked[writes ? 0 : 1],
		.addr = (uintptr_t)buffer->start + number(op, 1) * PAGE,
		.len = 1,
	};
	if (writes && write(peeked[1], &byte, 1) != 1)
		fail("pipe: %s", strerror(errno));
	int ret = submit(buffer, &request);
	errno = -ret;
	give(result, ret < 0 ? -1 : ret);
	if (!writes && ret == 1 && read(peeked[0], &byte, 1) == 1)
		give_byte(result, ret, byte);
	return 0;
}

static int object_call(const struct operation *op, struct result *result)
{
	int fd = objects[number(op, 0)];
	off_t at = number(op, 1) * PAGE;
	char byte = number(op, 2);
	if (is(op, "otrunc"))
		give(result, ftruncate(fd, at));
	else if (is(op, "opunch"))
		give(result, fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, at, number(op, 2) * PAGE));
	else if (is(op, "owrite"))
		give(result, pwrite(fd, &byte, 1, at));
	else {
		long ret = pread(fd, &byte, 1, at);
		give_byte(result, ret, byte);
	}
	return 0;
}

static void reclaim(void)
{
	for (int i = 0; i < 3; i++)
		write_file("/sys/fs/cgroup/program/memory.reclaim", "256M");
}

static long full_scans(void)
{
	const char *text = read_file("/sys/kernel/mm/ksm/full_scans", NULL);
	if (!text)
		fail("/sys/kernel/mm/ksm: the kernel needs CONFIG_KSM");
	return atol(text);
}

/* KSM counts no scans while nobody has mergeable memory: the harness has a page of it, which it never touches. */
static void be_scanned(void)
{
	static char *own;
	if (own)
		return;
	own = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (own == MAP_FAILED || madvise(own, PAGE, MADV_DONTFORK) != 0 || madvise(own, PAGE, MADV_MERGEABLE) != 0)
		fail("a mergeable page: %s", strerror(errno));
}

/* The scan that is under way, and six whole ones. */
static void merge_pages(void)
{
	be_scanned();
	long until = full_scans() + 7;
	must_write("/sys/kernel/mm/ksm/run", "1");
	while (full_scans() < until)
		usleep(10000);
	must_write("/sys/kernel/mm/ksm/run", "0");
}

static int clear_references(const struct operation *op, struct result *result)
{
	char path[32];
	errno = ESRCH;
	if (shared->pid[number(op, 0)] == 0) {
		give(result, -1);
		return 0;
	}
	snprintf(path, sizeof(path), "/proc/%d/clear_refs", shared->pid[number(op, 0)]);
	give(result, write_file(path, "4"));
	return 0;
}

int harness_call(const struct operation *op, struct result *result)
{
	if (is(op, "pipepeek") || is(op, "piperead"))
		return pipe_call(op, result);
	if (is(op, "iounreg") || is(op, "ioread") || is(op, "iowrite"))
		return buffer_call(op, result);
	if (is(op, "otrunc") || is(op, "opunch") || is(op, "owrite") || is(op, "oread"))
		return object_call(op, result);
	if (is(op, "clearrefs"))
		return clear_references(op, result);
	if (is(op, "swapoff"))
		give(result, swap_off());
	else if (is(op, "swapon"))
		give(result, swap_on());
	else if (is(op, "swaperr"))
		give(result, swap_errors(number(op, 0)));
	else if (is(op, "dropcaches"))
		give(result, write_file("/proc/sys/vm/drop_caches", "3"));
	else if (is(op, "reclaim"))
		reclaim();
	else if (is(op, "ksm"))
		merge_pages();
	else
		return userfaultfd_call(op, result);
	return 0;
}
