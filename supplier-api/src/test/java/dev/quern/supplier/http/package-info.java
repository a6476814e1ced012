/** The real server with the real engine and the demo model, over real sockets. */
@NullMarked
package dev.quern.supplier.http;

import org.jspecify.annotations.NullMarked;
