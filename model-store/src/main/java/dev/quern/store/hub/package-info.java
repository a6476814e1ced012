/**
 * Brings a model from a hub to disk so that it cannot be wrong.
 *
 * <p>In: the name of a model and what of it is wanted. Out: a snapshot in the cache that all
 * Hugging Face tools share, with a manifest of what it holds. Knows HTTP, but no device and no
 * command line.
 *
 * <p>{@link dev.quern.store.hub.Hub} plans ({@code HubApi} asks, {@code FileChoice} chooses) and
 * pulls ({@code PullRun}). For each file {@code FileDownload} takes the blob's lock, and {@code
 * FileTransfer} hands segments of it to download threads; {@code FileSource} and {@code HubHttp}
 * fetch one, and {@code RangeSink} writes it where it belongs. {@code SnapshotWriter} publishes.
 *
 * <p><b>Ranges, hashes and resuming.</b> A hub states one hash for a whole file, which must be fed
 * in order, while ranges arrive in any. Three ways were open: to keep the hash's inner state on
 * disk (Java's own functions do not give it out, and another implementation would lose the
 * processor's instructions), to fetch in order (one connection), or to read back. This room reads
 * back: a thread follows the growing prefix and hashes what was just written, which the kernel
 * still has in memory. A journal beside the file lists the chunks that are there, each with a
 * CRC-32C. A resumed pull reads what the journal vouches for through the same thread: the checksum
 * tells what a power failure spoilt, which is fetched anew, and the hash starts over, at the speed
 * of the disk, while the rest still comes.
 *
 * <p><b>Order of writes.</b> Bytes, then their journal record; every so often, and at the end, both
 * are synced. A blob gets its name by a rename after its hash was found right and its bytes are on
 * the disk; a snapshot by a rename after all its blobs; a branch's ref after the snapshot. So what
 * a reader can see is whole at any moment, also after a power failure.
 */
@NullMarked
package dev.quern.store.hub;

import org.jspecify.annotations.NullMarked;
