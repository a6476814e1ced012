/**
 * What makes a server a supplier of the Pocket network: whose request it is, what a relay may ask
 * for and until when it is worth answering, how its answer must look to a gateway, and the identity
 * of the model that is served.
 *
 * <p>In: headers, bodies' fields, settings. Out: decisions and bytes. This room knows no route and
 * no connection; {@code dev.quern.supplier.http} asks it.
 */
@NullMarked
package dev.quern.supplier.relay;

import org.jspecify.annotations.NullMarked;
