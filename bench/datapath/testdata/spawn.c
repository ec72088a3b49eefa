// The limit of a process for each request: each of N workers starts a program with pipes, as posix_spawn does it, writes
// 1 KiB, reads what comes until its end and waits. It prints how many it started in that many seconds.
//
//     spawn WORKERS SECONDS PROGRAM [ARGUMENT]...
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;
static char **command;
static double until;

static double now(void) {
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

static void *work(void *count) {
	char body[1024], answer[4096];
	memset(body, 'x', sizeof body);
	while (now() < until) {
		int in[2], out[2], status;
		pid_t pid;
		posix_spawn_file_actions_t files;
		if (pipe2(in, O_CLOEXEC) || pipe2(out, O_CLOEXEC)) exit(1);
		posix_spawn_file_actions_init(&files);
		posix_spawn_file_actions_adddup2(&files, in[0], 0);
		posix_spawn_file_actions_adddup2(&files, out[1], 1);
		if (posix_spawn(&pid, command[0], &files, NULL, command, environ)) exit(2);
		posix_spawn_file_actions_destroy(&files);
		close(in[0]);
		close(out[1]);
		if (write(in[1], body, sizeof body) != sizeof body) exit(3);
		close(in[1]);
		size_t got = 0;
		ssize_t n;
		while ((n = read(out[0], answer, sizeof answer)) > 0) got += n;
		close(out[0]);
		if (waitpid(pid, &status, 0) != pid || status != 0 || got != sizeof body) exit(4);
		++*(long *)count;
	}
	return NULL;
}

int main(int argc, char **argv) {
	if (argc < 4) return 5;
	int workers = atoi(argv[1]);
	command = argv + 3;
	until = now() + atof(argv[2]);
	pthread_t threads[1024];
	static long counts[1024][16];
	long sum = 0;
	for (int i = 0; i < workers; i++) pthread_create(&threads[i], NULL, work, counts[i]);
	for (int i = 0; i < workers; i++) pthread_join(threads[i], NULL);
	for (int i = 0; i < workers; i++) sum += counts[i][0];
	printf("%ld\n", sum);
	return 0;
}
