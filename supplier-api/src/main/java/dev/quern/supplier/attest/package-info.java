/**
 * Evidence of what is served: signed statements about a checkpoint, and the comparison of an
 * endpoint's log-probabilities with those of the weights that it claims to serve.
 *
 * <p>In: a private key, facts of a loaded model, an endpoint's URL. Out: JSON that anybody can
 * check, and how well an endpoint agrees. Knows no route of the server and no command line.
 */
@NullMarked
package dev.quern.supplier.attest;

import org.jspecify.annotations.NullMarked;
