/* connect_in_turn.c: connections that are made beside each other, and ask one after the other. */
#include "cmd/connection.h"

static Secret *in_turn(Connection *c, Secret *(*ask)(void *user, GError **error), GError **error)
{
    if (!gate_enter(c->asking, error)) {
        return NULL;
    }
    Secret *secret = ask(c->own.callback_user, error);
    gate_leave(c->asking);
    return secret;
}

static Secret *password_in_turn(void *user, GError **error)
{
    Connection *c = user;
    return in_turn(c, c->own.password, error);
}

static Secret *token_in_turn(void *user, GError **error)
{
    Connection *c = user;
    return in_turn(c, c->own.token, error);
}

void connection_ask_in_turn(Connection *c, Gate *asking)
{
    Credentials *credentials = &c->plan.credentials;
    c->asking = asking;
    c->own = *credentials;
    credentials->password = c->own.password ? password_in_turn : NULL;
    credentials->token = c->own.token ? token_in_turn : NULL;
    credentials->callback_user = c;
}
