// How much a message may bring. What exceeds a bound is refused when it is published, not when it is due, by an endpoint that cannot take it.

/** SNS takes no larger message. https://docs.aws.amazon.com/sns/latest/api/API_Publish.html */
export const MAX_MESSAGE_BYTES = 256 * 1024;

/**
 * Webhooks of one message, as many as a PublishBatch takes messages. Ingest gets up to ten messages at once, a hundred with a batching window, and
 * a webhook takes it 8 ms with 512 MiB (`npm run bench -- --weight`): the first hundred is stored within a second, and a thousand in a third of its
 * time.
 */
export const MAX_WEBHOOKS_PER_MESSAGE = 10;

/**
 * Arrays and objects inside one another in a payload. System.Text.Json reads 64 levels, Ruby's JSON 100, PHP's 512, Python's about 1,000; a
 * failure notice adds a few.
 */
export const MAX_PAYLOAD_DEPTH = 50;

/** Characters of a URL as it is sent. RFC 9110, section 4.1, asks for 8,000 at least; CloudFront takes 8,192, and nginx a request line of 8 KiB. */
export const MAX_URL_LENGTH = 8192;

/**
 * Characters between the scheme of a URL and its path, as they are written. A name has 253 at most (RFC 1035), its letters beyond ASCII take up to
 * 12 each, and the parser of URLs takes time by the square of them: 8,000 different ones 0.05 to 0.3 s, of which an invocation would have a hundred.
 */
export const MAX_HOST_LENGTH = 1024;

/** Apache takes 100 (`LimitRequestFields`); the sender and what stands between it and the endpoint add theirs. */
export const MAX_HEADERS = 64;

/** Registered names stay below half of it. https://www.iana.org/assignments/http-fields */
export const MAX_HEADER_NAME_LENGTH = 128;

/** nginx takes a header of 8 KiB with its name (`large_client_header_buffers`), Apache 8,190 bytes (`LimitRequestFieldSize`). */
export const MAX_HEADER_VALUE_LENGTH = 8000;

/**
 * All headers of a message as they are sent, without its cookies. Node.js takes 16 KiB with the URL and the cookies (`--max-http-header-size`),
 * CloudFront 20,480 bytes, nginx 32 KiB, an Application Load Balancer 64 KiB.
 */
export const MAX_HEADER_BYTES = 12 * 1024;

/** What RFC 6265, section 6.1, has every client keep for a domain. */
export const MAX_COOKIES = 50;

/** Name and value of a cookie: what RFC 6265, section 6.1, has every client keep. */
export const MAX_COOKIE_LENGTH = 4096;

/** All cookies as they are sent, in one header: {@link MAX_HEADER_VALUE_LENGTH}. */
export const MAX_COOKIES_LENGTH = MAX_HEADER_VALUE_LENGTH;

/**
 * How long ago a date may have been, in milliseconds: a year and a day. A message may wait 14 days in a queue and as long as a dead letter,
 * or be published again after an incident; an older date is a mistake, such as a field that was never set: 0001-01-01 or 1970-01-01.
 */
export const MAX_PAST_MS = 366 * 24 * 60 * 60_000;
