/* The harness: prepares the guest, runs the programs of /programs one after the other, and tells what it saw. */
#include "guest.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

/* How an operation ended for the process that carried it out. */
enum end { DONE, DIED, TIMED_OUT };

/* Longer than any operation takes in an emulated guest. */
enum { PATIENCE_MS = 60000 };

struct shared *shared;
static char *programs, *drained;

static void mount_at(const char *type, const char *path)
{
	mkdir(path, 0755);
	if (mount(type, path, type, 0, NULL) != 0 && errno != EBUSY)
		fail("mount %s: %s", type, strerror(errno));
}

static void set(const char *path, const char *value)
{
	if (access(path, F_OK) == 0)
		must_write(path, value);
}

static void prepare_cgroup(void)
{
	mount_at("cgroup2", "/sys/fs/cgroup");
	must_write("/sys/fs/cgroup/cgroup.subtree_control", "+memory");
	mkdir("/sys/fs/cgroup/program", 0755);
}

/* What datasets/README.md tells of the guest. A kernel that lacks one of these has nothing to switch off. */
static void set_up_memory(void)
{
	set("/sys/kernel/mm/transparent_hugepage/shmem_enabled", "never");
	set("/sys/kernel/mm/transparent_hugepage/khugepaged/scan_sleep_millisecs", "4000000000");
	set("/sys/kernel/mm/transparent_hugepage/khugepaged/alloc_sleep_millisecs", "4000000000");
	set("/sys/kernel/mm/lru_gen/enabled", "n");
	set("/sys/kernel/mm/ksm/pages_to_scan", "2000");
	set("/proc/sys/vm/page-cluster", "0");
	set("/proc/sys/vm/overcommit_memory", "1");
	set("/proc/sys/vm/swappiness", "100");
	set("/proc/sys/kernel/randomize_va_space", "0");
}

static void prepare_harness(void)
{
	size_t length;
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	drained = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED || drained == MAP_FAILED)
		fail("mmap: %s", strerror(errno));
	for (int i = 0; i < PROCESSES; i++)
		if (pipe2(command_pipe[i], O_CLOEXEC) != 0 || pipe2(done_pipe[i], O_CLOEXEC) != 0)
			fail("pipe: %s", strerror(errno));
	char *text = read_file("/programs", &length);
	if (!text)
		fail("/programs: %s", strerror(errno));
	programs = mmap(NULL, length + 1, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (programs == MAP_FAILED)
		fail("mmap: %s", strerror(errno));
	memcpy(programs, text, length);
	madvise(programs, length + 1, MADV_DONTFORK);
	/* Processes end by themselves: nobody waits for them. */
	signal(SIGCHLD, SIG_IGN);
	lock_own_memory();
	munlock(drained, PAGE);
}

static void say_kernel(void)
{
	struct utsname name;
	uname(&name);
	say("{\"release\":\"%s\",\"machine\":\"%s\"}", name.release, name.machine);
	flush_line();
}

/* Empties this CPU's batches for the LRU, and there is no other CPU: MADV_COLD does it before it looks at pages. */
static void drain(void)
{
	madvise(drained, PAGE, MADV_COLD);
}

static int pidfd_of(int process)
{
	return syscall(SYS_pidfd_open, shared->pid[process], 0);
}

/* Waits for a process, and answers every userfaultfd meanwhile. One that has gone already has no pidfd any more. */
static enum end wait_for(int process)
{
	struct pollfd waiting[PROCESSES + 2];
	int pidfd = pidfd_of(process);
	for (;;) {
		for (int i = 0; i < PROCESSES; i++)
			waiting[i] = (struct pollfd){ shared->userfaultfd[i], POLLIN, 0 };
		waiting[PROCESSES] = (struct pollfd){ done_pipe[process][0], POLLIN, 0 };
		waiting[PROCESSES + 1] = (struct pollfd){ pidfd, POLLIN, 0 };
		int ready = poll(waiting, PROCESSES + 2, pidfd < 0 ? 0 : PATIENCE_MS);
		char byte;
		for (int i = 0; i < PROCESSES; i++)
			answer_events(i);
		enum end end = waiting[PROCESSES].revents ? DONE : ready == 0 && pidfd >= 0 ? TIMED_OUT : DIED;
		if (end == DIED && pidfd >= 0 && !waiting[PROCESSES + 1].revents)
			continue;
		if (end == DONE && read(done_pipe[process][0], &byte, 1) != 1)
			end = DIED;
		close(pidfd);
		return end;
	}
}

static int by_process(const struct operation *op)
{
	static const char *const names[] = {
		"mmap",	   "munmap", "mprotect", "mremap",   "madvise", "mlock",    "mlock2",  "munlock", "msync",
		"read",	   "write",  "readall",  "vmsplice", "ioreg",   "pvread",   "pvwrite", "memread", "memwrite",
		"odwrite", "odread", "uffd",     "pmove",    "fork",    "exit",
	};
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (is(op, names[i]))
			return 1;
	return 0;
}

static int names_process(const struct operation *op)
{
	static const char *const names[] = { "clearrefs", "ureg",    "uunreg", "uwp",   "ucopy",
					     "uzero",     "upoison", "umove",  "uclose" };
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (is(op, names[i]))
			return 1;
	return by_process(op);
}

/* Takes over the descriptor that a process made, which then lets it go. */
static enum end take_made(const struct operation *op, int process)
{
	char command[32];
	int pidfd = pidfd_of(process);
	int fd = syscall(SYS_pidfd_getfd, pidfd, shared->made, 0);
	close(pidfd);
	if (fd < 0)
		fail("pidfd_getfd: %s", strerror(errno));
	if (is(op, "ioreg"))
		keep_buffer(op, fd);
	else
		adopt_userfaultfd(process, fd, number(op, 1), &shared->result);
	snprintf(command, sizeof(command), "close %d", shared->made);
	tell(process, command);
	return wait_for(process);
}

/* A block for odread to read. */
static void fill_disk(int value)
{
	static char block[PAGE] __attribute__((aligned(PAGE)));
	memset(block, value, PAGE);
	if (pwrite(disk, block, PAGE, PAGE) != PAGE)
		fail("/dev/ram2: %s", strerror(errno));
}

static enum end run_in_process(const struct operation *op, const char *line)
{
	int process = number(op, 0);
	tell(process, line);
	enum end end = wait_for(process);
	if (is(op, "exit")) {
		shared->pid[process] = 0;
		close_userfaultfd(process);
		return end == DIED ? DONE : end;
	}
	if (end != DONE)
		return end;
	if (is(op, "fork"))
		return shared->result.ret == 0 ? wait_for(number(op, 1)) : DONE;
	if (shared->made >= 0)
		end = take_made(op, process);
	if (is(op, "uffd"))
		shared->result.has_faults = 0;
	return end;
}

static enum end run_call(const struct operation *op, const char *line)
{
	if (by_process(op))
		return run_in_process(op, line);
	if (harness_call(op, &shared->result) != 0)
		fail("the guest does not know the operation %s", op->name);
	return DONE;
}

static void say_result(int index, const struct result *result, enum end end)
{
	say("{\"i\":%d,\"ret\":%ld,\"err\":%d", index, result->ret, result->err);
	if (result->signal)
		say(",\"sig\":\"%s\",\"code\":%d", result->signal == SIGSEGV ? "SEGV" : "BUS", result->code);
	if (result->has_val)
		say(",\"val\":%lu", result->val);
	for (int i = 0; i < result->nr_vals; i++)
		say("%s%d%s", i ? "," : ",\"vals\":[", result->vals[i], i + 1 < result->nr_vals ? "" : "]");
	if (result->has_faults)
		say(",\"min\":%ld,\"maj\":%ld", result->min, result->maj);
	if (end != DONE)
		say(",\"st\":\"%s\"", end == DIED ? "died" : "timeout");
}

static enum end run_operation(int index, const char *line)
{
	struct operation op;
	split(&op, line);
	struct result *result = &shared->result;
	int known = !names_process(&op) || shared->pid[number(&op, 0)] != 0;
	if (known && by_process(&op)) {
		tell(number(&op, 0), "touch");
		if (wait_for(number(&op, 0)) != DONE)
			return DIED;
	}
	if (is(&op, "odread"))
		fill_disk(number(&op, 3));
	memset(result, 0, sizeof(*result));
	shared->made = -1;
	begin_events(is(&op, "fork") ? number(&op, 1) : 0);
	drain();
	note_counters();
	enum end end = DONE;
	if (known)
		end = run_call(&op, line);
	else
		*result = (struct result){ .ret = -1, .err = ESRCH };
	for (int i = 0; i < PROCESSES; i++)
		answer_events(i);
	drain();
	say_result(index, result, end);
	say_events();
	say_counters();
	say_processes();
	say_objects();
	say("}");
	flush_line();
	return end;
}

static void make_object(const struct operation *op)
{
	int fd = strcmp(op->word[1], "memfd") == 0 ? syscall(SYS_memfd_create, "object", 0) :
						     open("/tmp", O_TMPFILE | O_RDWR, 0600);
	if (fd < 0 || ftruncate(fd, number(op, 2) * PAGE) != 0)
		fail("object %s: %s", op->word[0], strerror(errno));
	objects[number(op, 0)] = fd;
}

static void end_processes(void)
{
	for (int i = 0; i < PROCESSES; i++) {
		if (shared->pid[i] == 0)
			continue;
		int pidfd = pidfd_of(i);
		struct pollfd ended = { pidfd, POLLIN, 0 };
		kill(shared->pid[i], SIGKILL);
		close_userfaultfd(i);
		poll(&ended, 1, PATIENCE_MS);
		close(pidfd);
		shared->pid[i] = 0;
	}
}

/* What a process said that nobody read must not be taken for the next one's. */
static void empty_pipes(void)
{
	char byte;
	for (int i = 0; i < PROCESSES; i++) {
		struct pollfd command = { command_pipe[i][0], POLLIN, 0 }, done = { done_pipe[i][0], POLLIN, 0 };
		while (poll(&command, 1, 0) > 0 && read(command.fd, &byte, 1) == 1)
			;
		while (poll(&done, 1, 0) > 0 && read(done.fd, &byte, 1) == 1)
			;
	}
}

/* The header's words are: id, swap, thp, umiss. */
static void begin_program(const struct operation *header)
{
	say("{\"prog\":\"%s\"}", header->word[0]);
	flush_line();
	set("/sys/kernel/mm/transparent_hugepage/enabled", header->word[2]);
	strncpy(missing_answer, header->word[3], sizeof(missing_answer) - 1);
	choose_swap(header->word[1]);
	if (strcmp(header->word[1], "none") != 0 && swap_on() != 0)
		fail("swapon: %s", strerror(errno));
	open_descriptors();
}

static void end_program(const char *id, enum end end)
{
	end_processes();
	empty_pipes();
	close_descriptors();
	swap_errors(0);
	swap_off();
	say("{\"endprog\":\"%s\",\"bad\":%d}", id, -(int)end);
	flush_line();
}

static void run_program(char *header_line, char **rest)
{
	struct operation header, object;
	char *line;
	int index = 0;
	enum end end = DONE;
	split(&header, header_line);
	begin_program(&header);
	while ((line = strsep(rest, "\n")) && strncmp(line, "obj ", 4) == 0) {
		split(&object, line);
		make_object(&object);
	}
	/* Behind the objects: it and its children have them. */
	start_process(0);
	end = wait_for(0);
	for (; line && strcmp(line, "end") != 0; line = strsep(rest, "\n"))
		if (end == DONE)
			end = run_operation(index++, line);
	end_program(header.word[0], end);
}

int main(void)
{
	mount_at("devtmpfs", "/dev");
	open_output();
	mount_at("proc", "/proc");
	mount_at("sysfs", "/sys");
	mount_at("tmpfs", "/tmp");
	prepare_cgroup();
	set_up_memory();
	load_modules();
	disk = open("/dev/ram2", O_RDWR | O_DIRECT | O_CLOEXEC);
	open_page_files();
	prepare_harness();
	say_kernel();
	for (char *rest = programs, *line; (line = strsep(&rest, "\n"));)
		if (strncmp(line, "prog ", 5) == 0)
			run_program(line, &rest);
	say("{\"done\":true}");
	flush_line();
	reboot(RB_AUTOBOOT);
	return 1;
}
