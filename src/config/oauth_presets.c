/* oauth_presets.c: where the large providers are asked, and for what. Each of them wants a client
 * of one's own to be registered; none is built in. */
#include <string.h>

#include "config/oauth.h"

#define OWN_CLIENT "register an application of your own for a client id"

const OauthPreset oauth_presets[] = {
    {"google", "Google (Gmail, Workspace)", "https://accounts.google.com",
     "https://accounts.google.com/o/oauth2/v2/auth", "https://oauth2.googleapis.com/token",
     NULL, /* its device flow does not give access to mail */
     "https://oauth2.googleapis.com/revoke", "https://mail.google.com/", NULL,
     OWN_CLIENT " of type \"Desktop app\" at console.cloud.google.com; it has a client secret too"},
    {"microsoft", "Microsoft (Outlook, Exchange Online, Office 365)", NULL,
     "https://login.microsoftonline.com/common/oauth2/v2.0/authorize",
     "https://login.microsoftonline.com/common/oauth2/v2.0/token",
     "https://login.microsoftonline.com/common/oauth2/v2.0/devicecode", NULL,
     "https://outlook.office.com/IMAP.AccessAsUser.All "
     "https://outlook.office.com/POP.AccessAsUser.All https://outlook.office.com/SMTP.Send "
     "offline_access",
     "localhost",
     OWN_CLIENT " (\"Mobile and desktop applications\", redirect http://localhost/) at "
                "entra.microsoft.com; it has no secret"},
    {"yahoo", "Yahoo Mail", "https://api.login.yahoo.com",
     "https://api.login.yahoo.com/oauth2/request_auth",
     "https://api.login.yahoo.com/oauth2/get_token", NULL, NULL, "mail-w", NULL, OWN_CLIENT},
    {"fastmail", "Fastmail", NULL, "https://api.fastmail.com/oauth/authorize",
     "https://api.fastmail.com/oauth/refresh", NULL, NULL,
     "https://www.fastmail.com/dev/protocol-imap https://www.fastmail.com/dev/protocol-pop "
     "https://www.fastmail.com/dev/protocol-smtp",
     NULL, OWN_CLIENT},
    {"yandex", "Yandex Mail", NULL, "https://oauth.yandex.com/authorize",
     "https://oauth.yandex.com/token", "https://oauth.yandex.com/device/code", NULL,
     "mail:imap_full mail:smtp", NULL, OWN_CLIENT " at oauth.yandex.com"},
    {"mailru", "Mail.ru", NULL, "https://o2.mail.ru/login", "https://o2.mail.ru/token", NULL, NULL,
     "mail.imap", NULL, OWN_CLIENT},
    {NULL},
};

const OauthPreset *oauth_preset_find(const char *name)
{
    for (const OauthPreset *row = oauth_presets; row->name; row++) {
        if (g_ascii_strcasecmp(row->name, name) == 0) {
            return row;
        }
    }
    return NULL;
}

void oauth_provider_of_preset(const OauthPreset *preset, OauthProvider *ret)
{
    *ret = (OauthProvider){
        .issuer = g_strdup(preset->issuer),
        .authorization = g_strdup(preset->authorization),
        .token = g_strdup(preset->token),
        .device = g_strdup(preset->device),
        .revocation = g_strdup(preset->revocation),
        .scope = g_strdup(preset->scope),
    };
}

void oauth_provider_clear(OauthProvider *p)
{
    g_free(p->issuer);
    g_free(p->authorization);
    g_free(p->token);
    g_free(p->device);
    g_free(p->revocation);
    g_free(p->scope);
    *p = (OauthProvider){0};
}
