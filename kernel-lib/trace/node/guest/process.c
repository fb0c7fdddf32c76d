/* A process of a program: waits for a command, carries it out, says that it is done. */
#include "guest.h"

#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

int command_pipe[PROCESSES][2], done_pipe[PROCESSES][2];

static void done(int process)
{
	char byte = 0;
	if (write(done_pipe[process][1], &byte, 1) != 1)
		_exit(1);
}

void tell(int process, const char *command)
{
	char byte = 0;
	strncpy(shared->command, command, sizeof(shared->command) - 1);
	if (write(command_pipe[process][1], &byte, 1) != 1)
		fail("process %d cannot be told: %s", process, strerror(errno));
}

static void measured_call(const struct operation *operation)
{
	struct rusage before, after;
	struct result *result = &shared->result;
	getrusage(RUSAGE_SELF, &before);
	if (process_call(operation, result) != 0) {
		result->ret = -1;
		result->err = ENOSYS;
	}
	getrusage(RUSAGE_SELF, &after);
	result->has_faults = 1;
	result->min = after.ru_minflt - before.ru_minflt;
	result->maj = after.ru_majflt - before.ru_majflt;
}

/* Gives the number of the process that goes on: in the child it is the child's. */
static int fork_process(int process, int child)
{
	struct result *result = &shared->result;
	pid_t pid = fork();
	if (pid == 0) {
		lock_own_memory();
		return child;
	}
	result->ret = pid < 0 ? -1 : 0;
	result->err = pid < 0 ? errno : 0;
	shared->pid[child] = pid < 0 ? 0 : pid;
	return process;
}

_Noreturn void be_process(int process)
{
	struct operation operation;
	char byte;
	lock_own_memory();
	for (;;) {
		done(process);
		if (read(command_pipe[process][0], &byte, 1) != 1)
			_exit(1);
		split(&operation, shared->command);
		if (is(&operation, "touch"))
			touch_own_memory();
		else if (is(&operation, "exit"))
			_exit(0);
		else if (is(&operation, "close"))
			close(number(&operation, 0));
		else if (is(&operation, "fork"))
			process = fork_process(process, number(&operation, 1));
		else
			measured_call(&operation);
	}
}

void start_process(int process)
{
	pid_t pid = fork();
	if (pid < 0)
		fail("fork: %s", strerror(errno));
	if (pid == 0) {
		if (write_file("/sys/fs/cgroup/program/cgroup.procs", "0") != 0)
			_exit(1);
		be_process(process);
	}
	shared->pid[process] = pid;
}
