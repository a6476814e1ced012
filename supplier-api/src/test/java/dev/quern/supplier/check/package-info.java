/** The self-test against a good server, a server with one fault at a time, and Quern. */
@NullMarked
package dev.quern.supplier.check;

import org.jspecify.annotations.NullMarked;
