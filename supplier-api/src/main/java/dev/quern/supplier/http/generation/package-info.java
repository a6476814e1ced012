/**
 * A checked request on its way through the engine and back: prompt to tokens, submission, tokens to
 * text, stop strings, deltas.
 *
 * <p>In: request records and models. Out: deltas of each choice, in order, on worker threads. This
 * room knows neither Vert.x nor JSON.
 */
@NullMarked
package dev.quern.supplier.http.generation;

import org.jspecify.annotations.NullMarked;
