/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A session asks two other actors at once, awaits both in straight-line code, and answers its own asker. Shows requests
 * and answers, refusals with a code, deadlines, and construction arguments. It runs in a simulated world, where time
 * passes only when nothing else is left to do: so the server that is too slow is too slow every time. */
#include <airt/airt.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* --- what is said: a request names its answer --------------------------------------------------------------------- */

struct auth_check {
    airt_str user;
    airt_str token;
};
struct auth_grant {
    uint32_t rights;
};
AIRT_KIND(auth_check, user, token)
AIRT_KIND(auth_grant, rights)
AIRT_ANSWER(auth_check, auth_grant)

struct quota_take {
    airt_str user;
    uint32_t bytes;
};
struct quota_left {
    uint32_t bytes;
};
AIRT_KIND(quota_take, user, bytes)
AIRT_KIND(quota_left, bytes)
AIRT_ANSWER(quota_take, quota_left)

struct session_open {
    airt_str user;
    airt_str token;
};
struct session_opened {
    uint32_t rights;
    uint32_t bytes_left;
};
AIRT_KIND(session_open, user, token)
AIRT_KIND(session_opened, rights, bytes_left)
AIRT_ANSWER(session_open, session_opened)

#define auth_ACCEPTS(KIND) KIND(auth_check)
#define quota_ACCEPTS(KIND) KIND(quota_take)
#define session_ACCEPTS(KIND) KIND(session_open)
AIRT_PROTOCOL(auth)
AIRT_PROTOCOL(quota)
AIRT_PROTOCOL(session)

/* --- two servers -------------------------------------------------------------------------------------------------- */

enum {
    WRONG_TOKEN = 7,
    NO_QUOTA = 8
};

static bool is(airt_str text, const char *string)
{
    return text.size == strlen(string) && memcmp(text.at, string, text.size) == 0;
}

struct auth {
    uint32_t refused;
};

AIRT_ON(auth, auth_check)
{
    if (is(msg->token, "sesame"))
        return airt_reply(ctx, auth_check, .rights = 3);
    self->refused++;
    return airt_reply_failure(ctx, WRONG_TOKEN, "wrong token, number %" PRIu32, self->refused);
}

#define auth_HANDLES(ON, A) ON(A, auth_check)
AIRT_BEHAVIOR(auth)

struct quota {
    uint32_t used;
};

/* The handler of "slow" sleeps; its thread does not. */
AIRT_ON(quota, quota_take)
{
    if (is(msg->user, "slow"))
        AIRT_TRY(airt_sleep(ctx, AIRT_SECONDS(1)));
    if (msg->bytes > 10000 - self->used)
        return airt_reply_failure(ctx, NO_QUOTA, "only %" PRIu32 " bytes left", 10000 - self->used);
    self->used += msg->bytes;
    return airt_reply(ctx, quota_take, .bytes = 10000 - self->used);
}

#define quota_HANDLES(ON, A) ON(A, quota_take)
AIRT_BEHAVIOR(quota)

/* --- the session -------------------------------------------------------------------------------------------------- */

struct session_start { /* construction arguments: delivered first, and again at every restart */
    auth_ref  auth;
    quota_ref quota;
};
AIRT_KIND(session_start, REF(auth), REF(quota))

struct session {
    auth_ref  auth;
    quota_ref quota;
};

AIRT_ON(session, session_start)
{
    self->auth = msg->auth;
    self->quota = msg->quota;
    return AIRT_OK;
}

/* Both requests are on their way before the first answer is awaited. */
AIRT_ON(session, session_open)
{
    auth_check_call auth =
        airt_ask_begin(ctx, self->auth, AIRT_MS(50), auth_check, .user = msg->user, .token = msg->token);
    quota_take_call quota = airt_ask_begin(ctx, self->quota, AIRT_MS(50), quota_take, .user = msg->user, .bytes = 4096);
    struct auth_grant grant = { 0 };
    struct quota_left left = { 0 };
    airt_status       status = airt_await_all(ctx, AIRT_MS(80), (airt_call *const[]){ &auth.call, &quota.call }, 2);

    if (status == AIRT_OK)
        status = airt_call_take(ctx, auth_check, auth, &grant);
    if (status == AIRT_OK)
        status = airt_call_take(ctx, quota_take, quota, &left);
    if (status == AIRT_EREFUSED)
        return airt_reply_failure(ctx, airt_last_failure(ctx)->code, "refused: %s", airt_last_failure(ctx)->text);
    if (status != AIRT_OK)
        return airt_reply_failure(ctx, -(int32_t)status, "no answer: %s", airt_status_text(status));
    return airt_reply(ctx, session_open, .rights = grant.rights, .bytes_left = left.bytes);
} /* calls that were not taken are released by the runtime */

#define session_HANDLES(ON, A) ON(A, session_start) ON(A, session_open)
AIRT_BEHAVIOR(session)

/* --- a client, so that there is somebody to be told the text of a refusal ------------------------------------------ */

struct client_start {
    session_ref session;
};
AIRT_KIND(client_start, REF(session))
struct client_try {
    airt_str user;
    airt_str token;
};
AIRT_KIND(client_try, user, token)
AIRT_SIGNAL(client_done)
AIRT_ANSWER(client_try, client_done)

#define client_ACCEPTS(KIND) KIND(client_try)
AIRT_PROTOCOL(client)

struct client {
    session_ref session;
};

AIRT_ON(client, client_start)
{
    self->session = msg->session;
    return AIRT_OK;
}

AIRT_ON(client, client_try)
{
    struct session_opened opened = { 0 };
    airt_status           status =
        airt_ask(ctx, self->session, &opened, AIRT_SECONDS(5), session_open, .user = msg->user, .token = msg->token);

    printf("%.*s: ", (int)msg->user.size, msg->user.at);
    if (status == AIRT_OK)
        printf("rights %" PRIu32 ", %" PRIu32 " bytes left\n", opened.rights, opened.bytes_left);
    else
        printf("%s (%s)\n", airt_status_text(status), airt_last_failure(ctx)->text);
    return airt_reply(ctx, client_try);
}

#define client_HANDLES(ON, A) ON(A, client_start) ON(A, client_try)
AIRT_BEHAVIOR(client)

static airt_status spawn_all(airt_system *system, client_ref *client)
{
    auth_ref    auth;
    quota_ref   quota;
    session_ref session;

    AIRT_TRY(airt_spawn(system, auth, &auth, NULL));
    AIRT_TRY(airt_spawn(system, quota, &quota, NULL));
    AIRT_TRY(airt_spawn(system, session, &session,
                        (&(airt_spawn_options){ .start = AIRT_START(session, .auth = auth, .quota = quota) })));
    return airt_spawn(system, client, client, &(airt_spawn_options){ .start = AIRT_START(client, .session = session) });
}

static airt_status run(airt_system *system)
{
    const struct client_try tries[] = {
        { AIRT_STR("ada"), AIRT_STR("sesame") },
        { AIRT_STR("eve"), AIRT_STR("guess") }, /* her quota is taken all the same: both were asked */
        { AIRT_STR("bob"), AIRT_STR("sesame") },
        { AIRT_STR("slow"), AIRT_STR("sesame") },
    };
    client_ref         client;
    struct client_done done;

    AIRT_TRY(spawn_all(system, &client));
    for (size_t i = 0; i < sizeof tries / sizeof tries[0]; i++)
        AIRT_TRY(airt_ask(system, client, &done, AIRT_SECONDS(10), client_try, .user = tries[i].user,
                          .token = tries[i].token));
    return AIRT_OK;
}

int main(int argc, char **argv)
{
    airt_world  *world = NULL;
    airt_system *system = NULL;
    airt_status  status;

    if (argc > 1) {
        (void)fprintf(stderr, "%s: takes no arguments\n", argv[0]);
        return 2;
    }
    status = airt_sim_create(&(airt_sim_options){ .seed = 1 }, &world);
    if (status == AIRT_OK)
        status = airt_system_create(&(airt_system_options){ .world = world }, &system);
    if (status == AIRT_OK)
        status = run(system);
    if (system != NULL && airt_system_stop(&system, AIRT_SECONDS(5)) != AIRT_OK)
        return 1;
    airt_world_destroy(&world);
    if (status != AIRT_OK)
        fprintf(stderr, "%s\n", airt_status_text(status));
    return status == AIRT_OK ? 0 : 1;
}
