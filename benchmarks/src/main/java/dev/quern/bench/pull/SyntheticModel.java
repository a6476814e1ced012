package dev.quern.bench.pull;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;

/**
 * A model of random bytes in shards, in a folder.
 *
 * @param files in order of name
 */
record SyntheticModel(Path folder, List<Shard> files) {
  private static final int BUFFER_BYTES = 1 << 20;

  /** A file and its SHA-256. */
  record Shard(String name, long bytes, String sha256) {}

  /** Writes {@code shards} files of {@code bytes} together. */
  static SyntheticModel write(Path folder, long bytes, int shards) throws IOException {
    List<Shard> files = new ArrayList<>();
    for (int i = 1; i <= shards; i++) {
      String name = "model-%05d-of-%05d.safetensors".formatted(i, shards);
      files.add(shard(folder.resolve(name), bytes / shards, i));
    }
    return new SyntheticModel(folder, List.copyOf(files));
  }

  private static Shard shard(Path file, long bytes, long seed) throws IOException {
    MessageDigest sha256 = sha256();
    SplittableRandom random = new SplittableRandom(seed);
    ByteBuffer buffer = ByteBuffer.allocate(BUFFER_BYTES);
    try (FileChannel channel =
        FileChannel.open(file, StandardOpenOption.WRITE, StandardOpenOption.CREATE_NEW)) {
      for (long left = bytes; left > 0; left -= buffer.limit()) {
        random.nextBytes(buffer.array());
        buffer.clear().limit((int) Math.min(BUFFER_BYTES, left));
        sha256.update(buffer.duplicate());
        ByteBuffer part = buffer.duplicate();
        while (part.hasRemaining()) {
          channel.write(part);
        }
      }
    }
    String name = String.valueOf(file.getFileName());
    return new Shard(name, Files.size(file), HexFormat.of().formatHex(sha256.digest()));
  }

  Optional<Shard> find(String name) {
    return files.stream().filter(file -> file.name().equals(name)).findFirst();
  }

  long bytes() {
    return files.stream().mapToLong(Shard::bytes).sum();
  }

  /** A hub's listing. */
  byte[] listing() {
    StringBuilder json = new StringBuilder("[");
    for (Shard file : files) {
      json.append(json.length() > 1 ? "," : "")
          .append(
              """
              {"type":"file","path":"%s","size":%d,"oid":"%s","lfs":{"oid":"%s","size":%d}}\
              """
                  .formatted(
                      file.name(), file.bytes(), "0".repeat(40), file.sha256(), file.bytes()));
    }
    return json.append("]").toString().getBytes(StandardCharsets.UTF_8);
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }
}
