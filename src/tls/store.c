/* store.c: trust stores.
 *
 * The hashed directory is looked into only for the issuers that are needed (0.01 ms), while the
 * bundle beside it would be parsed whole (22 to 34 ms): the bundle is loaded only when the user
 * names it or there is no hashed directory, and then while the server computes its handshake. */
#include "tls/store.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/err.h>

#include "tls/late_file.h"

static const char *from_environment(const char *variable, const char *otherwise)
{
    const char *value = g_getenv(variable);
    return value && *value ? value : otherwise;
}

static const char *system_dir(void)
{
    return from_environment(X509_get_default_cert_dir_env(), X509_get_default_cert_dir());
}

static const char *system_file(void)
{
    return from_environment(X509_get_default_cert_file_env(), X509_get_default_cert_file());
}

/* "0a1b2c3d.0", as openssl rehash makes them. */
static bool is_hash_name(const char *name)
{
    return strspn(name, "0123456789abcdef") == 8 && name[8] == '.' && g_ascii_isdigit(name[9]);
}

static bool dir_is_hashed(const char *list)
{
    g_auto(GStrv) paths = g_strsplit(list, G_SEARCHPATH_SEPARATOR_S, -1);
    for (size_t i = 0; paths[i]; i++) {
        GDir *dir = g_dir_open(paths[i], 0, NULL);
        const char *name = NULL;
        while (dir && (name = g_dir_read_name(dir)) && !is_hash_name(name)) {
        }
        if (dir) {
            g_dir_close(dir);
        }
        if (name) {
            return true;
        }
    }
    return false;
}

bool tls_store_system_exists(void)
{
    return dir_is_hashed(system_dir()) || g_file_test(system_file(), G_FILE_TEST_EXISTS);
}

/* A pipe can be read but once, and what has no mark in its beginning is judged at once. */
static bool looks_like_pem(const char *file)
{
    enum { BEGINNING = 16 * 1024 };
    struct stat st;
    g_autofree char *text = g_malloc(BEGINNING);
    int fd = open(file, O_RDONLY | O_CLOEXEC);
    bool regular = fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
    ssize_t len = regular ? read(fd, text, BEGINNING) : 0;
    if (fd >= 0) {
        close(fd);
    }
    return len > 0 && g_strstr_len(text, len, "CERTIFICATE-----");
}

static bool add_file(X509_STORE *store, const char *file)
{
    X509_LOOKUP *lookup = X509_STORE_add_lookup(store, X509_LOOKUP_file());
    return lookup && X509_LOOKUP_load_file(lookup, file, X509_FILETYPE_PEM) == 1;
}

static bool add_dir(X509_STORE *store, const char *dir)
{
    X509_LOOKUP *lookup = X509_STORE_add_lookup(store, X509_LOOKUP_hash_dir());
    return lookup && X509_LOOKUP_add_dir(lookup, dir, X509_FILETYPE_PEM) == 1;
}

static void add_system(X509_STORE *store)
{
    bool hashed = dir_is_hashed(system_dir());
    if (hashed) {
        add_dir(store, system_dir());
    }
    if (!hashed || g_getenv(X509_get_default_cert_file_env())) {
        tls_late_file_add(store, system_file());
    }
}

static bool file_fits(const char *file, GError **error)
{
    X509_STORE *store = X509_STORE_new();
    bool fine = add_file(store, file);
    X509_STORE_free(store);
    ERR_clear_error();
    if (fine) {
        return true;
    }
    if (!g_file_test(file, G_FILE_TEST_IS_REGULAR)) {
        return error_fail(error, POSTERN_ERROR_NO_INPUT, "--ca-file: there is no file '%s'", file);
    }
    return error_fail(error, POSTERN_ERROR_CONFIG,
                      "--ca-file: '%s' has no PEM certificate that can be read", file);
}

static bool dir_fits(const char *dir, GError **error)
{
    if (!g_file_test(dir, G_FILE_TEST_IS_DIR)) {
        return error_fail(error, POSTERN_ERROR_NO_INPUT, "--ca-path: there is no folder '%s'", dir);
    }
    if (!dir_is_hashed(dir)) {
        return error_fail(error, POSTERN_ERROR_CONFIG,
                          "--ca-path: '%s' has no hashed certificates: run `openssl rehash %s`, or "
                          "give one file with --ca-file",
                          dir, dir);
    }
    return true;
}

static X509_STORE *make_store(const TlsPlan *plan, GError **error)
{
    X509_STORE *store = X509_STORE_new();
    if (!plan->ca_file && !plan->ca_path) {
        add_system(store);
        ERR_clear_error();
        return store;
    }
    bool late = plan->ca_file && looks_like_pem(plan->ca_file);
    if (late) {
        tls_late_file_add(store, plan->ca_file);
    }
    bool fine = (!plan->ca_file || late || add_file(store, plan->ca_file)) &&
                (!plan->ca_path || add_dir(store, plan->ca_path));
    ERR_clear_error();
    if (fine) {
        return store;
    }
    X509_STORE_free(store);
    if ((!plan->ca_file || file_fits(plan->ca_file, error)) &&
        (!plan->ca_path || dir_fits(plan->ca_path, error))) {
        error_fail(error, POSTERN_ERROR_CONFIG, "the trust store %s cannot be used",
                   plan->ca_file ? plan->ca_file : plan->ca_path);
    }
    return NULL;
}

/* What a kept store was made from; a file that changed makes another key. */
static char *store_key(const TlsPlan *plan)
{
    struct stat file = {0}, dir = {0};
    if (plan->ca_file) {
        stat(plan->ca_file, &file);
    }
    if (plan->ca_path) {
        stat(plan->ca_path, &dir);
    }
    return g_strdup_printf("%s\n%s\n%s\n%s\n%lld.%ld %lld %lld.%ld",
                           plan->ca_file ? plan->ca_file : "", plan->ca_path ? plan->ca_path : "",
                           system_dir(), system_file(), (long long)file.st_mtim.tv_sec,
                           file.st_mtim.tv_nsec, (long long)file.st_size,
                           (long long)dir.st_mtim.tv_sec, dir.st_mtim.tv_nsec);
}

static void free_store(gpointer store)
{
    X509_STORE_free(store);
}

/* A process uses one or two stores; more than this many means that files keep changing. */
enum { STORES_KEPT = 8 };

/* The kept store, made when it is not there yet. With the lock held; NULL when it cannot be made.
 */
static X509_STORE *find_or_make(GHashTable *stores, const TlsPlan *plan, GError **error)
{
    g_autofree char *key = store_key(plan);
    X509_STORE *store = g_hash_table_lookup(stores, key);
    if (store) {
        return store;
    }
    store = make_store(plan, error);
    if (!store) {
        return NULL;
    }
    if (g_hash_table_size(stores) >= STORES_KEPT) {
        g_hash_table_remove_all(stores);
    }
    g_hash_table_insert(stores, g_steal_pointer(&key), store);
    return store;
}

X509_STORE *tls_store_for(const TlsPlan *plan, GError **error)
{
    static GMutex lock;
    static GHashTable *stores;
    g_mutex_lock(&lock);
    if (!stores) {
        stores = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, free_store);
    }
    X509_STORE *store = find_or_make(stores, plan, error);
    if (store) {
        X509_STORE_up_ref(store);
    }
    g_mutex_unlock(&lock);
    return store;
}

bool tls_store_check(const TlsPlan *plan, GError **error)
{
    if (plan->ca_path && !dir_fits(plan->ca_path, error)) {
        return false;
    }
    X509_STORE *store = plan->ca_file ? tls_store_for(plan, error) : NULL;
    bool fine = store || !plan->ca_file;
    X509_STORE_free(store);
    return fine;
}

bool tls_store_was_read(const TlsPlan *plan, GError **error)
{
    return !plan->ca_file || !looks_like_pem(plan->ca_file) || file_fits(plan->ca_file, error);
}

char *tls_store_words(const TlsPlan *plan)
{
    if (plan->ca_file && plan->ca_path) {
        return g_strdup_printf("%s and %s", plan->ca_file, plan->ca_path);
    }
    if (plan->ca_file || plan->ca_path) {
        return g_strdup(plan->ca_file ? plan->ca_file : plan->ca_path);
    }
    return g_strdup(dir_is_hashed(system_dir()) ? system_dir() : system_file());
}
