/**
 * The HTTP surface on Vert.x: routes, validation, answers, server-sent events, metrics.
 *
 * <p>In: requests, and a {@link dev.quern.supplier.ModelCatalog}. Out: OpenAI-shaped answers.
 * Nothing here blocks the event loop.
 */
@NullMarked
package dev.quern.supplier.http;

import org.jspecify.annotations.NullMarked;
