/**
 * What the cache that all Hugging Face tools share holds, and how to keep house in it.
 *
 * <p>In: the cache's folder, whoever filled it. Out: its models, their revisions and the blobs
 * below them; the outcome of hashing them anew; and room on the disk, freed without taking anything
 * from another revision or from a pull under way. Knows no network and no command line.
 */
@NullMarked
package dev.quern.store.cache;

import org.jspecify.annotations.NullMarked;
