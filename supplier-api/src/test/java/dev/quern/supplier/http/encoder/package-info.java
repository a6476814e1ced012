@NullMarked
package dev.quern.supplier.http.encoder;

import org.jspecify.annotations.NullMarked;
