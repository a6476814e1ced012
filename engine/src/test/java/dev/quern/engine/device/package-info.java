/** Tests of device threads. */
@NullMarked
package dev.quern.engine.device;

import org.jspecify.annotations.NullMarked;
