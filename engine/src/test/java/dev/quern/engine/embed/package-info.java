@NullMarked
package dev.quern.engine.embed;

import org.jspecify.annotations.NullMarked;
