package dev.quern.store.hub;

import dev.quern.store.FileDigest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Optional;

/**
 * Remembers which blobs of a model were found right, so that a pull need not read them again: a
 * note for each of size, time of change and SHA-256. A blob that changed since has no note.
 */
final class VerifiedBlobs {
  private static final long MAX_NOTE_BYTES = 256;

  private final ModelFolder folder;

  VerifiedBlobs(ModelFolder folder) {
    this.folder = folder;
  }

  /** The digest of {@code file}, if its blob is as it was when it was found right. */
  Optional<FileDigest> find(HubFile file) throws IOException {
    Path blob = folder.blob(file.digest());
    Path note = note(file);
    if (!Files.isRegularFile(note, LinkOption.NOFOLLOW_LINKS)
        || Files.size(note) > MAX_NOTE_BYTES
        || !Files.isRegularFile(blob)) {
      return Optional.empty();
    }
    String[] parts = Files.readString(note).strip().split(" ", -1);
    return parts.length == 3 && (parts[0] + " " + parts[1]).equals(state(blob))
        ? Optional.of(new FileDigest(file.path(), file.size(), parts[2]))
        : Optional.empty();
  }

  void remember(HubFile file, FileDigest digest) throws IOException {
    String state = state(folder.blob(file.digest()));
    SafeFolders.write(note(file), state + " " + digest.sha256() + "\n", folder.staging());
  }

  private Path note(HubFile file) {
    return folder.verified().resolve(file.digest().hex());
  }

  private static String state(Path blob) throws IOException {
    BasicFileAttributes attributes = Files.readAttributes(blob, BasicFileAttributes.class);
    return attributes.size() + " " + attributes.lastModifiedTime();
  }
}
