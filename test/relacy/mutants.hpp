/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Included by the headers under test behind their orders, in mutant builds only: weakens exactly one of them. The
 * including model defines MODEL_ and the name of one; MUTANT says which. */
#if defined(MODEL_MAILBOX) && defined(AIRI_MAIL_PUSH)
#if MUTANT == 1 /* a waker does not see the actor as the last worker left it */
#undef AIRI_MAIL_PUSH
#define AIRI_MAIL_PUSH AIRI_RELEASE
#elif MUTANT == 2 /* a message is not published */
#undef AIRI_MAIL_PUSH
#define AIRI_MAIL_PUSH AIRI_ACQUIRE
#elif MUTANT == 3 /* nor received */
#undef AIRI_MAIL_TAKE
#define AIRI_MAIL_TAKE AIRI_RELAXED
#elif MUTANT == 4 /* the actor is not handed over */
#undef AIRI_MAIL_SLEEP
#define AIRI_MAIL_SLEEP AIRI_ACQUIRE
#elif MUTANT == 5 /* a flag set before the claim is not seen after idle */
#undef AIRI_MAIL_SLEEP
#define AIRI_MAIL_SLEEP AIRI_RELEASE
#elif MUTANT == 6 /* the same from the other side */
#undef AIRI_MAIL_CLAIM
#define AIRI_MAIL_CLAIM AIRI_ACQUIRE
#elif MUTANT == 7 /* a claimer does not see the actor as the last worker left it */
#undef AIRI_MAIL_CLAIM
#define AIRI_MAIL_CLAIM AIRI_RELEASE
#elif MUTANT == 8 /* a claim that finds nothing to claim is only a load */
#undef AIRI_MAIL_CLAIM_ALWAYS_WRITES
#define AIRI_MAIL_CLAIM_ALWAYS_WRITES false
#elif MUTANT == 9 /* what is in a closed box is not received */
#undef AIRI_MAIL_END
#define AIRI_MAIL_END AIRI_RELEASE
#elif MUTANT == 10 /* what stays in the word is not received */
#undef AIRI_MAIL_LOOK
#define AIRI_MAIL_LOOK AIRI_RELAXED
#elif MUTANT == 12 /* who wakes a new tenant does not see it as its spawner set it up */
#undef AIRI_MAIL_OPEN
#define AIRI_MAIL_OPEN AIRI_RELAXED
#elif MUTANT == 13 /* who looks at a tenant does not see that it has ended */
#undef AIRI_MAIL_NOTICE
#define AIRI_MAIL_NOTICE AIRI_RELEASE
#elif MUTANT == 14 /* the same from the other side */
#undef AIRI_MAIL_END
#define AIRI_MAIL_END AIRI_ACQUIRE
#endif /* 11: what was had goes on although it is still in the word: mailbox.cpp */
#endif

#if defined(MODEL_ROOM) && defined(AIRI_ROOM_WORD_READ)
#if MUTANT == 1 /* a sender that is behind believes the box full */
#undef AIRI_ROOM_BEHIND_RETRIES
#define AIRI_ROOM_BEHIND_RETRIES false
#elif MUTANT == 2 /* owner and waiting sender miss each other */
#undef AIRI_MAIL_WANT
#define AIRI_MAIL_WANT AIRI_RELAXED
#elif MUTANT == 3 /* begun older than what the last sender saw */
#undef AIRI_ROOM_WORD_READ
#define AIRI_ROOM_WORD_READ AIRI_RELAXED
#elif MUTANT == 4 /* the same from the other side */
#undef AIRI_MAIL_PUSH
#define AIRI_MAIL_PUSH AIRI_ACQUIRE
#endif
#endif

#if defined(MODEL_RUNQ) && defined(AIRI_RUNQ_TAIL_WRITE)
#if MUTANT == 1 /* an item is not published to thieves */
#undef AIRI_RUNQ_TAIL_WRITE
#define AIRI_RUNQ_TAIL_WRITE AIRI_RELAXED
#elif MUTANT == 2 /* nor received */
#undef AIRI_RUNQ_TAIL_READ
#define AIRI_RUNQ_TAIL_READ AIRI_RELAXED
#elif MUTANT == 3 /* the owner pops without a compare-exchange */
#undef AIRI_RUNQ_POP_BY_CAS
#define AIRI_RUNQ_POP_BY_CAS false
#endif
#endif

#if defined(MODEL_CLAIM) && defined(AIRI_CLAIM_TAKE)
#if MUTANT == 1 /* a killer does not see the actor as its owner left it */
#undef AIRI_CLAIM_ENTER
#define AIRI_CLAIM_ENTER AIRI_RELAXED
#elif MUTANT == 2 /* a handler that ends and its killer miss each other */
#undef AIRI_CLAIM_FENCE
#define AIRI_CLAIM_FENCE()
#elif MUTANT == 3 /* the same without a fence for all */
#undef AIRI_CLAIM_EXCHANGE
#define AIRI_CLAIM_EXCHANGE AIRI_RELAXED
#endif
#endif

#if defined(MODEL_LOCALITY) && defined(AIRI_LOCALITY_PUT)
#if MUTANT == 1 /* an item is not published to thieves */
#undef AIRI_LOCALITY_PUT
#define AIRI_LOCALITY_PUT AIRI_RELAXED
#elif MUTANT == 2 /* nor received */
#undef AIRI_LOCALITY_STEAL
#define AIRI_LOCALITY_STEAL AIRI_RELAXED
#elif MUTANT == 3 /* the owner takes as if nobody else could */
#undef AIRI_LOCALITY_LOOKS
#define AIRI_LOCALITY_LOOKS false
#elif MUTANT == 4 /* the owner leaves its handler without the compiler's fence */
#undef AIRI_LOCALITY_FENCE
#define AIRI_LOCALITY_FENCE()
#elif MUTANT == 5 /* what the owner did to an item that it held is not published to thieves */
#undef AIRI_LOCALITY_LET_GO
#define AIRI_LOCALITY_LET_GO AIRI_RELAXED
#elif MUTANT == 6 /* the owner holds without the compiler's fence */
#undef AIRI_LOCALITY_HOLD_FENCE
#define AIRI_LOCALITY_HOLD_FENCE()
#endif /* 7: the watch does not look whether it is held: locality.cpp */
#endif

#if defined(MODEL_MUTEX) && defined(AIRI_MUTEX_SLEEPING)
#if MUTANT == 1
#undef AIRI_MUTEX_LOCK
#define AIRI_MUTEX_LOCK AIRI_RELAXED
#elif MUTANT == 2
#undef AIRI_MUTEX_UNLOCK
#define AIRI_MUTEX_UNLOCK AIRI_RELAXED
#elif MUTANT == 3 /* one that has slept forgets the other sleepers */
#undef AIRI_MUTEX_SLEEPING
#define AIRI_MUTEX_SLEEPING AIRI_MUTEX_LOCKED
#endif
#endif
