/** Tests of housekeeping in the cache. */
@NullMarked
package dev.quern.store.cache;

import org.jspecify.annotations.NullMarked;
