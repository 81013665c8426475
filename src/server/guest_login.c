/* guest_login.c: who may come in, and by which mechanism. */
#include <string.h>

#include "server/sandbox_inside.h"

enum { SASL_LINE_MAX = 64 * 1024 };

static const SandboxUser *find_user(const SandboxPlan *plan, const char *name)
{
    for (guint i = 0; plan->users && i < plan->users->len; i++) {
        const SandboxUser *user = plan->users->pdata[i];
        if (strcmp(user->name, name) == 0) {
            return user;
        }
    }
    return NULL;
}

static Secret *password_of(void *user, const char *name)
{
    const Guest *g = user;
    const SandboxUser *known = find_user(g->box->plan, name);
    return known ? secret_copy(known->password) : NULL;
}

static bool token_is_good(void *user, const char *name, const Secret *token, char **ret_name,
                          char **ret_why)
{
    const Guest *g = user;
    return sandbox_token_is_good(g->box, name, token, ret_name, ret_why);
}

static GByteArray *binding_of(void *user, const char *type)
{
    const Guest *g = user;
    return tls_channel_binding(wire_stream(g->wire), type);
}

bool guest_may_show_password(const Guest *g)
{
    return g->encrypted || g->box->plan->cleartext_auth;
}

/* caps-change-tls: one mechanism outside TLS, and all but that one inside. */
static bool is_hidden(const Guest *g, const SaslMechanism *m)
{
    return g->mechanisms_change && (strcmp(m->name, "CRAM-MD5") == 0) == g->encrypted;
}

/* Does the client learn in this mechanism that the server knows the password too? */
static bool proves_server(const char *mechanism)
{
    return g_str_has_prefix(mechanism, "SCRAM-") || strcmp(mechanism, "DIGEST-MD5") == 0;
}

/* Is the mechanism to be offered, and taken, now? */
static bool is_open(const Guest *g, const SaslMechanism *m, const char *certificate_name)
{
    if (is_hidden(g, m)) {
        return false;
    }
    const SandboxPlan *plan = g->box->plan;
    bool wanted =
        !plan->mechanisms || g_strv_contains((const gchar *const *)plan->mechanisms, m->name);
    bool by_default = strcmp(m->name, "ANONYMOUS") != 0 && strcmp(m->name, "GSSAPI") != 0;
    bool tokens = !m->needs_token || plan->token_file || plan->jwt_key_file || plan->accept_any;
    /* Any password is taken where it need not be known. */
    wanted = wanted && (!plan->accept_any || plan->mechanisms || !proves_server(m->name));
    /* Only by name: without a keytab or a wish these would only stand in the way. */
    return wanted && (by_default || plan->mechanisms) && tokens &&
           (!m->needs_binding || g->encrypted) && (!m->needs_certificate || certificate_name) &&
           (!m->cleartext || guest_may_show_password(g));
}

char *guest_mechanisms(Guest *g)
{
    if (!g->encrypted && guest_fault(g, "caps-change-tls")) {
        g->mechanisms_change = true;
    }
    g->tempted.capabilities = g->tempted.capabilities || (g->mechanisms_change && g->encrypted);
    g_autofree char *certificate = tls_server_client_name(wire_stream(g->wire));
    GString *out = g_string_new(NULL);
    for (size_t i = 0; sasl_server_mechanisms[i]; i++) {
        const SaslMechanism *m = sasl_mechanism_find(bytes_of(sasl_server_mechanisms[i]));
        if (is_open(g, m, certificate)) {
            g_string_append_printf(out, "%s%s", out->len ? " " : "", m->name);
        }
    }
    return g_string_free(out, FALSE);
}

void guest_logged_in(Guest *g, const char *user, const char *mechanism)
{
    g_free(g->user);
    g->user = g_strdup(user);
    g->mechanism = mechanism;
    guest_tell(g, SANDBOX_LOGIN, "%s by %s", user, mechanism);
}

void guest_saw_password(Guest *g, const char *how)
{
    if (!g->encrypted) {
        guest_conduct(g, true, "cleartext-password", "sent a password in the clear (%s)", how);
    }
}

bool guest_password_is(Guest *g, const char *how, Bytes user, Bytes password)
{
    g_autofree char *name = bytes_dup(user);
    const SandboxUser *known = find_user(g->box->plan, name);
    g_autoptr(Secret) given = secret_new(password.data ? password.data : "", password.len);
    guest_saw_password(g, how);
    return user.len > 0 &&
           (g->box->plan->accept_any || (known && secret_equal(known->password, given)));
}

bool guest_apop_is(Guest *g, Bytes challenge, Bytes user, Bytes digest)
{
    g_autofree char *name = bytes_dup(user);
    const SandboxUser *known = find_user(g->box->plan, name);
    g_autofree char *expected = known ? sasl_apop_digest(challenge, known->password) : NULL;
    return (g->box->plan->accept_any && user.len > 0) ||
           (expected && bytes_equal_ci(digest, expected));
}

/* Whoever takes no notice of what was answered to AUTH goes on with the exchange: what it sends in
 * place of a command may be a password. */
bool guest_tell_stray(Guest *g, Bytes line)
{
    if (!g->in_login) {
        return false;
    }
    g_strlcpy(g->command, "?", sizeof(g->command));
    if (g->box->plan->show_secrets) {
        guest_tell_bytes(g, SANDBOX_RECEIVED, line, false);
    } else {
        g_autofree char *text = g_strdup_printf("***** (no command, %zu octets)", line.len);
        guest_tell_bytes(g, SANDBOX_RECEIVED, bytes_of(text), true);
    }
    return true;
}

char *guest_auth_words(Bytes args)
{
    Bytes rest = args;
    const SaslMechanism *m = sasl_mechanism_find(bytes_word(&rest));
    return m ? g_strconcat(m->name, rest.len ? " *****" : "", NULL) : g_strdup("*****");
}

/* What a client sent in answer, for the log: the mechanism and how much; the words themselves only
 * with --show-secrets. */
static void tell_response(Guest *g, const char *mechanism, Bytes raw)
{
    if (g->box->plan->show_secrets) {
        guest_tell_bytes(g, SANDBOX_RECEIVED, raw, false);
    } else {
        g_autofree char *text = g_strdup_printf("***** (%s, %zu octets)", mechanism, raw.len);
        guest_tell_bytes(g, SANDBOX_RECEIVED, bytes_of(text), true);
    }
}

/* Wipes what it was. */
static Secret *take_raw(GByteArray *raw)
{
    Secret *secret = secret_new(raw->data ? (const char *)raw->data : "", raw->len);
    if (raw->len > 0) {
        secret_wipe(raw->data, raw->len);
    }
    return secret;
}

static void send_challenge(Guest *g, const GuestSasl *framing, const GByteArray *challenge)
{
    if (guest_fault(g, "auth-bare-challenge")) {
        g_autofree char *bare = bytes_dup(bytes_trim(bytes_of(framing->challenge)));
        guest_reply(g, "%s", bare);
    } else if (!guest_fault(g, "auth-silent")) {
        guest_reply_decoded(g, framing->challenge, bytes_of_array(challenge));
    }
}

/* The next answer, decoded; NULL with *ret_login set when it is none. */
static Secret *next_response(Guest *g, const GuestSasl *framing, const char *mechanism,
                             GuestLogin *ret_login, GError **error)
{
    Bytes line;
    if (!guest_line(g, &line, error)) {
        return NULL;
    }
    if (bytes_equal(line, bytes_of(framing->cancel))) {
        guest_tell(g, SANDBOX_RECEIVED, "%s", framing->cancel);
        *ret_login = GUEST_LOGIN_CANCELLED;
        return NULL;
    }
    g_autoptr(GByteArray) raw = bytes_base64_decode(line);
    tell_response(g, mechanism, raw ? bytes_of_array(raw) : line);
    if (!raw) {
        *ret_login = GUEST_LOGIN_BROKEN;
        return NULL;
    }
    return take_raw(raw);
}

static GuestLogin conclude(Guest *g, const SaslServer *server, const SaslServerStep *step)
{
    const char *name = sasl_server_mechanism(server)->name;
    const char *user = sasl_server_user(server);
    if (sasl_server_saw_password(server)) {
        guest_saw_password(g, name);
    }
    if (step->verdict == SASL_ACCEPTED && !guest_fault(g, "auth-always-fails")) {
        guest_logged_in(g, user ? user : "", name);
        return GUEST_LOGGED_IN;
    }
    guest_tell(g, SANDBOX_LOGIN, "%s by %s refused: %s", user ? user : "somebody", name,
               step->why ? step->why : "on purpose");
    return step->verdict == SASL_BROKEN ? GUEST_LOGIN_BROKEN : GUEST_LOGIN_WRONG;
}

static bool converse(Guest *g, const GuestSasl *framing, SaslServer *server, Secret *initial,
                     GuestLogin *ret, GError **error)
{
    const char *name = sasl_server_mechanism(server)->name;
    g_autoptr(Secret) response = initial;
    for (;;) {
        g_auto(SaslServerStep) step = {0};
        if (!sasl_server_step(server, response, &step, wire_next_deadline(g->wire), error)) {
            return false;
        }
        if (step.verdict != SASL_CONTINUE) {
            *ret = conclude(g, server, &step);
            return true;
        }
        /* An empty challenge only asks for the client's first message. */
        if (step.challenge->len > 0 && guest_fault(g, "auth-no-proof")) {
            g->tempted.proof = proves_server(name);
            guest_logged_in(g, sasl_server_user(server) ? sasl_server_user(server) : "user", name);
            *ret = GUEST_LOGGED_IN;
            return true;
        }
        send_challenge(g, framing, step.challenge);
        secret_free(response);
        *ret = GUEST_LOGGED_IN;
        response = next_response(g, framing, name, ret, error);
        if (!response) {
            return *ret != GUEST_LOGGED_IN; /* else the client is gone */
        }
    }
}

/* "=" is an empty initial response (RFC 4954 section 4). */
static Secret *read_initial(Guest *g, const char *mechanism, Bytes initial)
{
    if (bytes_equal(initial, BYTES_LITERAL("="))) {
        return secret_new("", 0);
    }
    g_autoptr(GByteArray) raw = bytes_base64_decode(initial);
    tell_response(g, mechanism, raw ? bytes_of_array(raw) : initial);
    return raw ? take_raw(raw) : NULL;
}

/* auth-downgrade: everything but PLAIN and LOGIN is offered, then refused. False: refused. */
static bool judge_downgrade(Guest *g, const SaslMechanism *m)
{
    if (m->cleartext && g->tempted.downgrade) {
        g->tempted.downgrade = false;
        guest_conduct(g, true, "downgrade", "sent its password by %s when %s was refused", m->name,
                      "a strong mechanism");
    }
    if (!m->cleartext && guest_fault(g, "auth-downgrade")) {
        g->tempted.downgrade = true;
        return false;
    }
    return true;
}

/* A mechanism that is not offered inside TLS, but was before it. */
static void judge_unknown(Guest *g, const SaslMechanism *m)
{
    if (m && g->encrypted && is_hidden(g, m)) {
        g->tempted.capabilities = false;
        guest_conduct(g, true, "old-capabilities",
                      "asked for %s inside TLS, which was offered in plaintext only", m->name);
    }
}

bool guest_sasl(Guest *g, const GuestSasl *framing, Bytes mechanism, bool has_initial,
                Bytes initial, GuestLogin *ret, GError **error)
{
    const SandboxPlan *plan = g->box->plan;
    const SaslMechanism *m = sasl_mechanism_find(mechanism);
    g_autofree char *certificate = tls_server_client_name(wire_stream(g->wire));
    g_autofree char *offered = guest_mechanisms(g);
    const SaslServerParams params = {.service = framing->service,
                                     .host = plan->host ? plan->host : "localhost",
                                     .password = password_of,
                                     .token = token_is_good,
                                     .user = g,
                                     .accept_any = plan->accept_any,
                                     .certificate_name = certificate,
                                     .binding = g->encrypted ? binding_of : NULL,
                                     .binding_user = g,
                                     .offers_plus = strstr(offered, "-PLUS") != NULL,
                                     .spoil_proof = guest_fault(g, "auth-wrong-proof") != NULL};
    g_autoptr(SaslServer) server =
        m && is_open(g, m, certificate) ? sasl_server_new(m->name, &params, NULL) : NULL;
    *ret = GUEST_LOGIN_UNKNOWN;
    if (!server) {
        judge_unknown(g, m);
        if (m && m->cleartext && !guest_may_show_password(g)) {
            *ret = GUEST_LOGIN_IN_CLEAR;
            if (has_initial) {
                guest_saw_password(g, m->name);
            }
        }
        return true;
    }
    if (!judge_downgrade(g, m)) {
        return true;
    }
    g->tempted.proof = params.spoil_proof && proves_server(m->name);
    wire_set_max_line(g->wire, SASL_LINE_MAX);
    Secret *first = has_initial ? read_initial(g, m->name, initial) : NULL;
    if (has_initial && !first) {
        *ret = GUEST_LOGIN_BROKEN;
        return true;
    }
    return converse(g, framing, server, first, ret, error);
}
