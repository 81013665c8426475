/* authority.c: the sandbox's certificates: its authority's, its own, and one for each user to show.
 */
#include "server/sandbox_inside.h"

#include <string.h>

/* A directory keeps its authority, so that clients that were told to trust it go on doing so. */
static bool find_authority(Sandbox *box, GError **error)
{
    g_autofree char *path = sandbox_file(box, "authority.pem");
    g_autofree char *text = NULL;
    gsize len = 0;
    if (g_file_get_contents(path, &text, &len, NULL)) {
        box->mint = tls_mint_load((Bytes){text, len}, error);
        secret_wipe(text, len);
        return box->mint || error_prefix(error, "%s", path);
    }
    box->mint = tls_mint_new(error);
    if (!box->mint || !box->plan->directory) {
        return box->mint != NULL;
    }
    return tls_mint_save(box->mint, path, error);
}

static bool write_root(Sandbox *box, GError **error)
{
    g_autofree char *root = tls_mint_root(box->mint);
    box->ca_file = sandbox_file(box, "ca.pem");
    return g_file_set_contents(box->ca_file, root, -1, error) ||
           error_prefix(error, "cannot write the authority's certificate");
}

static bool make_tls(Sandbox *box, GError **error)
{
    const SandboxPlan *plan = box->plan;
    const char *const all[] = {plan->host, "localhost", "127.0.0.1", "::1", NULL};
    const char *const *names = plan->host && strcmp(plan->host, "localhost") != 0 ? all : all + 1;
    g_autofree char *authorities = tls_mint_authorities(box->mint);
    TlsServerPlan tls = {.cert_file = plan->cert_file,
                         .key_file = plan->key_file,
                         .min = plan->tls_min,
                         .max = plan->tls_max,
                         .client_ca = authorities};
    TlsMintPlan mint = {.names = names};
    if (!sandbox_fault_tls(box, &mint, &tls, error)) {
        return false;
    }
    const char *spoilt = sandbox_fault_certificate(box);
    if (plan->cert_file && spoilt) {
        return error_fail(error, POSTERN_ERROR_USAGE,
                          "--fault %s is done to a certificate made here: leave out --cert",
                          spoilt);
    }
    g_autoptr(TlsMinted) minted = NULL;
    if (!plan->cert_file) {
        g_autoptr(TlsMint) stranger = sandbox_fault_stranger(box) ? tls_mint_new(error) : NULL;
        minted = tls_mint_issue(stranger ? stranger : box->mint, &mint, error);
        if (!minted) {
            return false;
        }
        tls.chain = minted->chain;
        tls.key = minted->key;
        tls.ocsp = sandbox_fault_revoked(box) ? minted->revoked : minted->good;
    }
    box->tls = tls_server_new(&tls, error);
    return box->tls != NULL;
}

/* With it one can log in by EXTERNAL. */
static bool write_client(Sandbox *box, const char *user, GError **error)
{
    const char *const names[] = {user, NULL};
    const TlsMintPlan plan = {.names = names, .client = true};
    g_autofree char *name = g_strdup_printf("client-%s.pem", user);
    g_autoptr(TlsMinted) minted = tls_mint_issue(box->mint, &plan, error);
    g_autofree char *path = sandbox_file(box, name);
    if (!minted || !tls_minted_save(minted, path, error)) {
        return false;
    }
    g_ptr_array_add(box->client_files, g_steal_pointer(&path));
    return true;
}

static bool write_clients(Sandbox *box, GError **error)
{
    const GPtrArray *users = box->plan->users;
    for (guint i = 0; users && i < users->len; i++) {
        const SandboxUser *user = users->pdata[i];
        if (!write_client(box, user->name, error)) {
            return false;
        }
    }
    return true;
}

bool sandbox_make_tls(Sandbox *box, GError **error)
{
    return find_authority(box, error) && write_root(box, error) && make_tls(box, error) &&
           write_clients(box, error);
}
