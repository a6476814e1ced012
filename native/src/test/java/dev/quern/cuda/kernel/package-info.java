/** Every kernel against a float64 reference, and the host code that launches them. */
@NullMarked
package dev.quern.cuda.kernel;

import org.jspecify.annotations.NullMarked;
