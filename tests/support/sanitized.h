#ifndef PG_BASETAR_TESTS_SUPPORT_SANITIZED_H
#define PG_BASETAR_TESTS_SUPPORT_SANITIZED_H

/*
 * Is this built with the address or the thread sanitizer?  That takes 5 to 20 times as long, so that a sweep
 * which tries every byte or every call takes every SANITIZED_STRIDE'th then: a prime, so that it
 * meets all remainders of what repeats.  Without a sanitizer it is 1.
 */
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define IS_SANITIZED 1
#endif
#elif defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define IS_SANITIZED 1
#endif
#ifndef IS_SANITIZED
#define IS_SANITIZED 0
#endif

enum { SANITIZED_STRIDE = IS_SANITIZED ? 7 : 1 };

#endif
