/** Signatures, and telling a model from cheaper ones. */
@NullMarked
package dev.quern.supplier.attest;

import org.jspecify.annotations.NullMarked;
