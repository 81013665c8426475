/* state_inside.h: what state.c and state_accounts.c share. Internal to store/. */
#pragma once

#include "store/database.h"
#include "store/state.h"

/* Prepared when first needed, then kept. */
typedef enum {
    STATE_ADD_FOLDER,
    STATE_FIND_FOLDER,
    STATE_WRITE_FOLDER,
    STATE_PUT_MESSAGE,
    STATE_DROP_MESSAGE,
    STATE_LIST_MESSAGES,
    STATE_LIST_WITH,
    STATE_STATEMENTS,
} StateStatement;

struct State {
    char *directory;
    Database *db;
    Statement *statements[STATE_STATEMENTS];
};
