/* driver.c: runs a fuzz target without libFuzzer, over the files and folders named on the command
 * line (with gcc, or to look at one crash under a debugger). Options, which only libFuzzer
 * understands, are refused. */
#include <glib.h>
#include <stdint.h>
#include <stdio.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned inputs;

static int run_file(const char *path)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *data = NULL;
    size_t size = 0;
    if (!g_file_get_contents(path, &data, &size, &error)) {
        fprintf(stderr, "%s\n", error->message);
        return 1;
    }
    /* A copy of the exact size: GLib puts a NUL behind, which would hide a read past the end. */
    g_autofree uint8_t *exact = g_memdup2(data, size);
    LLVMFuzzerTestOneInput(exact, size);
    inputs++;
    return 0;
}

static int run(const char *path)
{
    g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
    if (dir == NULL) {
        return run_file(path);
    }
    int failed = 0;
    for (const char *name; (name = g_dir_read_name(dir)) != NULL;) {
        g_autofree char *child = g_build_filename(path, name, NULL);
        failed |= run(child);
    }
    return failed;
}

int main(int argc, char **argv)
{
    int failed = 0;
    for (int i = 1; i < argc; i++) {
        if (argv[i][0] == '-') {
            fprintf(stderr, "%s: only files and folders, please: this is not libFuzzer\n", argv[i]);
            return 64;
        }
        failed |= run(argv[i]);
    }
    printf("%u inputs\n", inputs);
    return failed || inputs == 0;
}
