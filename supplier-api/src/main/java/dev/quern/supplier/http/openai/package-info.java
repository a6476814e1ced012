/**
 * OpenAI's protocol, apart from any transport: the fields of each request with their ranges,
 * checked requests, rendered answers and chunks, and the OpenAPI document made from the same
 * tables.
 *
 * <p>In: bounded bytes of JSON. Out: checked request records, and bytes of JSON. Everything here
 * may run on any worker thread; nothing here knows Vert.x.
 */
@NullMarked
package dev.quern.supplier.http.openai;

import org.jspecify.annotations.NullMarked;
