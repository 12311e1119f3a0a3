/* One small program for the corners no public one reaches cheaply. Its first argument says which.
 * Built by fetch.py with the pinned Zig package:
 *   zig cc -target wasm32-wasi -Os -s probe.c -o probe.wasm
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static int clock_and_random(void) {
    struct timespec real, mono;
    unsigned char bytes[16];
    if (clock_gettime(CLOCK_REALTIME, &real) || clock_gettime(CLOCK_MONOTONIC, &mono)) return 1;
    if (getentropy(bytes, sizeof bytes)) return 1;
    printf("%lld.%09ld %lld.%09ld ", (long long)real.tv_sec, real.tv_nsec,
           (long long)mono.tv_sec, mono.tv_nsec);
    for (size_t i = 0; i < sizeof bytes; i++) printf("%02x", bytes[i]);
    printf("\n");
    return 0;
}

/* Every path function in one go: make, write, append, rename, stat, unlink, a miss. */
static int files(const char *dir) {
    char a[256], b[256], sub[256], line[64];
    struct stat st;
    snprintf(sub, sizeof sub, "%s/sub", dir);
    snprintf(a, sizeof a, "%s/sub/a.txt", dir);
    snprintf(b, sizeof b, "%s/sub/b.txt", dir);
    if (mkdir(sub, 0777)) return 1;
    FILE *f = fopen(a, "w");
    if (!f) return 1;
    fputs("one\n", f);
    fclose(f);
    if (!(f = fopen(a, "a"))) return 1;
    fputs("two\n", f);
    fclose(f);
    if (rename(a, b) || stat(b, &st)) return 1;
    printf("size %lld\n", (long long)st.st_size);
    if (!(f = fopen(b, "r"))) return 1;
    while (fgets(line, sizeof line, f)) printf("read %s", line);
    fseek(f, 4, SEEK_SET);
    if (fgets(line, sizeof line, f)) printf("seek %s", line);
    fclose(f);
    if (fopen(a, "r")) return 1;
    printf("gone: %s\n", strerror(errno));
    int entries = 0;
    DIR *d = opendir(sub);
    if (!d) return 1;
    while (readdir(d)) entries++;
    closedir(d);
    printf("entries %d\n", entries);
    return 0;
}

int main(int argc, char **argv) {
    const char *what = argc > 1 ? argv[1] : "";
    volatile int zero = 0;
    if (!strcmp(what, "clock")) return clock_and_random();
    if (!strcmp(what, "files")) return files(argc > 2 ? argv[2] : "/work");
    if (!strcmp(what, "exit")) return argc > 2 ? atoi(argv[2]) : 0;
    if (!strcmp(what, "divide")) {
        printf("before\n");
        fflush(stdout);
        __asm__ volatile("i32.const 1\n\tlocal.get %0\n\ti32.div_s\n\tdrop" : : "r"(zero));
        return 0;
    }
    if (!strcmp(what, "bounds")) {
        printf("before\n");
        fflush(stdout);
        *(volatile char *)0xfffffff0u = 1;
        return 0;
    }
    fprintf(stderr, "usage: probe clock|files [DIR]|exit N|divide|bounds\n");
    return 2;
}
