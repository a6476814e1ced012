/** Tests of continuous batching: the pure logic by properties, the engine on a real small model. */
@NullMarked
package dev.quern.engine.generate;

import org.jspecify.annotations.NullMarked;
