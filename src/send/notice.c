#include "send/notice.h"

#include <string.h>
#include <unistd.h>

#include "base/escape.h"
#include "proto/smtp_text.h"

/* One line, in printable ASCII: what a server says comes from outside. */
static char *plain(const char *text)
{
    g_autofree char *line = g_strdelimit(g_strdup(text ? text : ""), "\r\n", ' ');
    g_autofree char *shown = escape_line_max(bytes_of(line), 700);
    return g_str_to_ascii(shown, "C");
}

static char *host_name(void)
{
    char name[256] = "";
    return gethostname(name, sizeof name - 1) == 0 && *name ? g_strdup(name)
                                                            : g_strdup("localhost");
}

static void add_human(GString *out, const NoticePlan *p)
{
    g_autofree char *when = outgoing_date(p->queued);
    g_string_append_printf(out,
                           "Your message of %s could not be delivered%s.\r\n\r\n"
                           "It did not reach:\r\n\r\n",
                           when, p->expired ? " in the time there is for that" : "");
    for (size_t i = 0; i < p->n; i++) {
        g_autofree char *said = plain(p->recipients[i].said);
        g_string_append_printf(out, "  %s\r\n    %s%s\r\n", p->recipients[i].address,
                               p->recipients[i].by_server ? "the server said: " : "", said);
    }
    g_string_append(out, "\r\nIts header is attached. Nothing more will be done for these "
                         "recipients.\r\n");
}

static void add_recipient(GString *out, const NoticePlan *p, const NoticeRecipient *r)
{
    bool ascii = g_str_is_ascii(r->address);
    g_autofree char *said = plain(r->said);
    const char *status = r->status && *r->status ? r->status : p->expired ? "4.4.7" : "5.0.0";
    g_string_append_printf(out, "\r\nFinal-Recipient: %s; %s\r\nAction: failed\r\nStatus: %s\r\n",
                           ascii ? "rfc822" : "utf-8", r->address, status);
    if (p->server && r->by_server) {
        g_string_append_printf(out, "Remote-MTA: dns; %s\r\n", p->server);
    }
    if (*said && r->by_server) {
        g_string_append_printf(out, "Diagnostic-Code: smtp; %s\r\n", said);
    }
}

static void add_status(GString *out, const NoticePlan *p, const char *host)
{
    g_autofree char *arrived = outgoing_date(p->queued);
    if (p->envid) {
        g_autofree char *envid = plain(p->envid);
        g_string_append_printf(out, "Original-Envelope-Id: %s\r\n", envid);
    }
    g_string_append_printf(out, "Reporting-MTA: dns; %s\r\nArrival-Date: %s\r\n", host, arrived);
    for (size_t i = 0; i < p->n; i++) {
        add_recipient(out, p, &p->recipients[i]);
    }
}

/* "8bit" where a part needs it. */
static void begin_part(GString *out, const char *boundary, const char *type, bool eight_bit)
{
    g_string_append_printf(out, "\r\n--%s\r\nContent-Type: %s\r\n%s\r\n", boundary, type,
                           eight_bit ? "Content-Transfer-Encoding: 8bit\r\n" : "");
}

Outgoing *notice_new(const NoticePlan *p, GError **error)
{
    g_autofree char *host = host_name();
    g_autofree char *id = outgoing_message_id(host);
    g_autofree char *date = outgoing_date(g_get_real_time() / G_USEC_PER_SEC);
    g_autofree char *boundary = g_strdup_printf("=_notice_%s", p->id);
    bool international = false;
    for (size_t i = 0; i < p->n; i++) {
        international |= !g_str_is_ascii(p->recipients[i].address);
    }
    GString *out = g_string_new(NULL);
    g_string_append_printf(out,
                           "From: Mail delivery <postmaster@%s>\r\nTo: <%s>\r\n"
                           "Subject: Your message was not delivered\r\nDate: %s\r\n"
                           "Message-ID: %s\r\nAuto-Submitted: auto-replied\r\nMIME-Version: 1.0\r\n"
                           "Content-Type: multipart/report; report-type=%s;\r\n"
                           "\tboundary=\"%s\"\r\n",
                           host, p->sender, date, id,
                           international ? "global-delivery-status" : "delivery-status", boundary);
    begin_part(out, boundary, "text/plain; charset=utf-8", international);
    add_human(out, p);
    begin_part(out, boundary,
               international ? "message/global-delivery-status" : "message/delivery-status",
               international);
    add_status(out, p, host);
    begin_part(out, boundary, "text/rfc822-headers", smtp_text_has_eight_bit(p->header));
    g_string_append_len(out, p->header.data, (gssize)p->header.len);
    g_string_append_printf(out, "\r\n--%s--\r\n", boundary);
    gsize len = out->len;
    guint8 *data = (guint8 *)g_string_free(out, FALSE);
    g_autoptr(Outgoing) notice = outgoing_ready(g_byte_array_new_take(data, len));
    bool good = outgoing_set_sender(notice, "", error) &&
                outgoing_add_recipients(notice, bytes_of(p->sender), error);
    return good ? g_steal_pointer(&notice) : NULL;
}
