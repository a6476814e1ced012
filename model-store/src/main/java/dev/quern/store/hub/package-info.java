/**
 * Brings a model from a hub to disk so that it cannot be wrong.
 *
 * <p>In: the name of a model and what of it is wanted. Out: a snapshot in the cache that all
 * Hugging Face tools share, with a manifest of what it holds. Knows HTTP, but no device and no
 * command line.
 */
@NullMarked
package dev.quern.store.hub;

import org.jspecify.annotations.NullMarked;
