/* Keeps what a power cut would leave: loaded into a process with LD_PRELOAD, it copies every file of LAKE to SHADOW at the
 * moment the process syncs it, and every folder's list of names at the moment the folder is synced.
 *
 * SHADOW/inode/N   content of the file with inode N at its last sync
 * SHADOW/folder/P  lines "INODE TYPE NAME" of the folder P (slashes as %) at its last sync
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void keep_file(const char *path, ino_t inode, const char *shadow) {
    char partial[PATH_MAX], final[PATH_MAX], block[65536];
    snprintf(partial, sizeof partial, "%s/inode/%lu.%d.partial", shadow, (unsigned long)inode, gettid());
    snprintf(final, sizeof final, "%s/inode/%lu", shadow, (unsigned long)inode);
    int from = open(path, O_RDONLY), to = open(partial, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    ssize_t n;
    while (from >= 0 && to >= 0 && (n = read(from, block, sizeof block)) > 0)
        if (write(to, block, n) != n) abort();
    if (from >= 0) close(from);
    if (to >= 0) close(to);
    rename(partial, final);
}

static void keep_folder(const char *path, const char *shadow) {
    char partial[PATH_MAX], final[PATH_MAX], name[PATH_MAX];
    snprintf(name, sizeof name, "%s", path);
    for (char *c = name; *c; c++)
        if (*c == '/') *c = '%';
    snprintf(partial, sizeof partial, "%s/folder/%s.%d.partial", shadow, name, gettid());
    snprintf(final, sizeof final, "%s/folder/%s", shadow, name);
    FILE *out = fopen(partial, "w");
    DIR *folder = opendir(path);
    struct dirent *entry;
    while (out && folder && (entry = readdir(folder)))
        if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, ".."))
            fprintf(out, "%lu %c %s\n", (unsigned long)entry->d_ino, entry->d_type == DT_DIR ? 'd' : 'f', entry->d_name);
    if (folder) closedir(folder);
    if (out) fclose(out);
    rename(partial, final);
}

static void keep(int fd) {
    char link[64], path[PATH_MAX];
    const char *lake = getenv("LAKE"), *shadow = getenv("SHADOW");
    struct stat facts;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t n = readlink(link, path, sizeof path - 1);
    if (n <= 0 || !lake || !shadow || fstat(fd, &facts)) return;
    path[n] = 0;
    if (strncmp(path, lake, strlen(lake))) return;
    if (S_ISDIR(facts.st_mode)) keep_folder(path, shadow);
    else keep_file(path, facts.st_ino, shadow);
}

int fsync(int fd) {
    int (*real)(int) = dlsym(RTLD_NEXT, "fsync");
    int result = real(fd);
    if (!result) keep(fd);
    return result;
}

int fdatasync(int fd) {
    int (*real)(int) = dlsym(RTLD_NEXT, "fdatasync");
    int result = real(fd);
    if (!result) keep(fd);
    return result;
}
