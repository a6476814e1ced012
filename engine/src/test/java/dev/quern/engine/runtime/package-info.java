/** Tests of loading and serving real checkpoints. */
@NullMarked
package dev.quern.engine.runtime;

import org.jspecify.annotations.NullMarked;
