package dev.quern.bench.pull;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.FileChannel;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.StandardOpenOption;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A hub with one model that costs as little as a server can: the kernel copies files to sockets. It
 * serves on loopback until it is closed.
 */
final class LoopbackHub implements AutoCloseable {
  private static final String COMMIT = "0123456789abcdef0123456789abcdef01234567";
  private static final Pattern RANGE = Pattern.compile("(?i)range: *bytes=(\\d+)-(\\d+)");

  private final SyntheticModel model;
  private final ServerSocketChannel server;

  private LoopbackHub(SyntheticModel model, ServerSocketChannel server) {
    this.model = model;
    this.server = server;
  }

  static LoopbackHub start(SyntheticModel model) throws IOException {
    ServerSocketChannel server = ServerSocketChannel.open();
    server.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
    LoopbackHub hub = new LoopbackHub(model, server);
    Thread.ofPlatform().daemon().name("loopback-hub").start(hub::accept);
    return hub;
  }

  URI uri() throws IOException {
    return URI.create(
        "http://127.0.0.1:" + ((InetSocketAddress) server.getLocalAddress()).getPort());
  }

  private void accept() {
    try {
      while (true) {
        SocketChannel client = server.accept();
        Thread.ofPlatform().daemon().start(() -> serve(client));
      }
    } catch (ClosedChannelException e) {
      // The benchmark is over.
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  private void serve(SocketChannel client) {
    try (client;
        BufferedReader in =
            new BufferedReader(
                new InputStreamReader(
                    client.socket().getInputStream(), StandardCharsets.US_ASCII))) {
      for (String first = in.readLine(); first != null; first = in.readLine()) {
        Optional<Matcher> range = Optional.empty();
        for (String line = in.readLine(); line != null && !line.isEmpty(); line = in.readLine()) {
          Matcher matcher = RANGE.matcher(line);
          range = matcher.matches() ? Optional.of(matcher) : range;
        }
        answer(client, first.split(" ", 3)[1], range);
      }
    } catch (IOException e) {
      // The client has gone.
    }
  }

  private void answer(SocketChannel client, String path, Optional<Matcher> range)
      throws IOException {
    if (path.contains("/revision/")) {
      text(client, ("{\"sha\":\"" + COMMIT + "\"}").getBytes(StandardCharsets.UTF_8));
    } else if (path.contains("/tree/")) {
      text(client, model.listing());
    } else {
      Optional<SyntheticModel.Shard> shard = model.find(path.substring(path.lastIndexOf('/') + 1));
      if (shard.isPresent()) {
        contents(client, shard.get(), range);
      } else {
        write(client, "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
      }
    }
  }

  private static void text(SocketChannel client, byte[] json) throws IOException {
    write(
        client,
        "HTTP/1.1 200 OK\r\nContent-Length: "
            + json.length
            + "\r\n\r\n"
            + new String(json, StandardCharsets.UTF_8));
  }

  private void contents(SocketChannel client, SyntheticModel.Shard shard, Optional<Matcher> range)
      throws IOException {
    long start = range.isPresent() ? Long.parseLong(range.get().group(1)) : 0;
    long end = range.isPresent() ? Long.parseLong(range.get().group(2)) + 1 : shard.bytes();
    String content = "Content-Range: bytes %d-%d/%d\r\n".formatted(start, end - 1, shard.bytes());
    write(
        client,
        "HTTP/1.1 %s\r\nETag: \"%s\"\r\nX-Repo-Commit: %s\r\n%sContent-Length: %d\r\n\r\n"
            .formatted(
                range.isPresent() ? "206 Partial Content" : "200 OK",
                shard.sha256(),
                COMMIT,
                range.isPresent() ? content : "",
                end - start));
    try (FileChannel file =
        FileChannel.open(model.folder().resolve(shard.name()), StandardOpenOption.READ)) {
      long position = start;
      while (position < end) {
        position += file.transferTo(position, end - position, client);
      }
    }
  }

  private static void write(SocketChannel client, String text) throws IOException {
    ByteBuffer bytes = StandardCharsets.UTF_8.encode(text);
    while (bytes.hasRemaining()) {
      client.write(bytes);
    }
  }

  @Override
  public void close() throws IOException {
    server.close();
  }
}
