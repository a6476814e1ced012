/** Tests of decoding; torch is the oracle. */
@NullMarked
package dev.quern.store.elements;

import org.jspecify.annotations.NullMarked;
