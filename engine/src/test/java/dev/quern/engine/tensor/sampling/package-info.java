/** Tests of drawing on the host. */
@NullMarked
package dev.quern.engine.tensor.sampling;

import org.jspecify.annotations.NullMarked;
