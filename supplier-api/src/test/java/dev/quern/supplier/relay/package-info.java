@NullMarked
package dev.quern.supplier.relay;

import org.jspecify.annotations.NullMarked;
