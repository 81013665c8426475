/* ticket.c: is there a Kerberos ticket? Looked up in the cache's file, which costs nothing; for
 * other kinds of caches (KEYRING:, KCM:) Kerberos' own library is loaded and asked, which costs
 * milliseconds. */
#include "sasl/sasl.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/library.h"
#include "sasl/ccache.h"

#define CACHE_FILE_MAX (4 * 1024 * 1024)

static bool file_has_ticket(const char *path)
{
    struct stat info;
    g_autofree char *contents = NULL;
    gsize len = 0;
    if (stat(path, &info) != 0 || !S_ISREG(info.st_mode) || info.st_size > CACHE_FILE_MAX ||
        !g_file_get_contents(path, &contents, &len, NULL)) {
        return false;
    }
    bool found = ccache_has_ticket((Bytes){contents, len}, g_get_real_time() / G_USEC_PER_SEC);
    secret_wipe(contents, len);
    return found;
}

/* DIR:path holds several caches, `primary` names the one in use; DIR::path/tkt1 is one itself. */
static bool directory_has_ticket(const char *path)
{
    if (*path == ':') {
        return file_has_ticket(path + 1);
    }
    g_autofree char *primary_file = g_build_filename(path, "primary", NULL);
    g_autofree char *primary = NULL;
    if (!g_file_get_contents(primary_file, &primary, NULL, NULL)) {
        primary = g_strdup("tkt");
    }
    g_strstrip(primary);
    g_autofree char *file = g_build_filename(path, primary, NULL);
    return !strchr(primary, '/') && file_has_ticket(file);
}

/* default_ccache_name of krb5.conf, with %{uid} filled in; NULL when it is not set there. */
static char *configured_cache(void)
{
    const char *file = g_getenv("KRB5_CONFIG");
    g_autofree char *text = NULL;
    if (!g_file_get_contents(file ? file : "/etc/krb5.conf", &text, NULL, NULL)) {
        return NULL;
    }
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    for (char **line = lines; *line; line++) {
        g_auto(GStrv) parts = g_strsplit(*line, "=", 2);
        if (!parts[0] || !parts[1] || strcmp(g_strstrip(parts[0]), "default_ccache_name") != 0) {
            continue;
        }
        g_autoptr(GString) name = g_string_new(g_strstrip(parts[1]));
        g_autofree char *uid = g_strdup_printf("%lu", (unsigned long)getuid());
        g_string_replace(name, "%{uid}", uid, 0);
        return g_string_free(g_steal_pointer(&name), FALSE);
    }
    return NULL;
}

/* gss_acquire_cred and gss_release_cred (RFC 2744 sections 5.2, 5.27), found at run time: Kerberos
 * need not be installed. */
typedef uint32_t AcquireCred(uint32_t *minor, void *name, uint32_t seconds, void *mechs, int usage,
                             void **ret_cred, void **ret_mechs, uint32_t *ret_seconds);
typedef uint32_t ReleaseCred(uint32_t *minor, void **cred);
#define GSS_INDEFINITE UINT32_MAX
#define GSS_INITIATE 1

static void *ask_kerberos(void *unused)
{
    (void)unused;
    struct {
        AcquireCred *acquire;
        ReleaseCred *release;
    } gss;
    const char *const names[] = {"gss_acquire_cred", "gss_release_cred", NULL};
    g_autofree char *failed = library_load("libgssapi_krb5.so.2", names, &gss);
    if (failed) {
        return GINT_TO_POINTER(FALSE);
    }
    uint32_t minor = 0;
    void *cred = NULL;
    uint32_t major =
        gss.acquire(&minor, NULL, GSS_INDEFINITE, NULL, GSS_INITIATE, &cred, NULL, NULL);
    gss.release(&minor, &cred);
    return GINT_TO_POINTER(major == 0);
}

/* On a thread for its stack's sake: a coroutine's is small. The cache is on this machine, so there
 * is no waiting. */
static bool library_has_ticket(void)
{
    GThread *thread = g_thread_try_new("kerberos", ask_kerberos, NULL, NULL);
    return thread && GPOINTER_TO_INT(g_thread_join(thread));
}

bool sasl_have_ticket(void)
{
    g_autofree char *name = g_strdup(g_getenv("KRB5CCNAME"));
    if (!name) {
        name = configured_cache();
    }
    if (!name) {
        name = g_strdup_printf("FILE:/tmp/krb5cc_%lu", (unsigned long)getuid());
    }
    if (g_str_has_prefix(name, "FILE:")) {
        return file_has_ticket(name + strlen("FILE:"));
    }
    if (g_str_has_prefix(name, "DIR:")) {
        return directory_has_ticket(name + strlen("DIR:"));
    }
    return *name == '/' ? file_has_ticket(name) : library_has_ticket();
}
