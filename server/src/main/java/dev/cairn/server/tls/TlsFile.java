package dev.cairn.server.tls;

import java.io.IOException;
import java.io.StringReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.bouncycastle.util.io.pem.PemObject;
import org.bouncycastle.util.io.pem.PemReader;

/**
 * Immutable. One file that an option names, with its content at the time of reading.
 *
 * @param option the option without dashes, for messages
 */
record TlsFile(String option, Path path, byte[] content) {
    /** More than any bundle of authorities or list of revocations in use; it bounds what a wrong path can cost. */
    private static final long BYTES_MAX = 64L << 20;

    static TlsFile read(String option, Path path) throws TlsException {
        try {
            if (Files.size(path) > BYTES_MAX) {
                throw new TlsException("--" + option + " " + path + " is larger than " + BYTES_MAX + " bytes");
            }
            return new TlsFile(option, path, Files.readAllBytes(path));
        } catch (NoSuchFileException e) {
            throw new TlsException("--" + option + " " + path + ": no such file or directory", e);
        } catch (AccessDeniedException e) {
            throw new TlsException("--" + option + " " + path + ": permission denied", e);
        } catch (TlsException e) {
            throw e;
        } catch (IOException e) {
            throw new TlsException("--" + option + " " + path + " cannot be read: " + e.getMessage(), e);
        }
    }

    static List<TlsFile> readAll(List<TlsSettings.Named> all) throws TlsException {
        List<TlsFile> files = new ArrayList<>(all.size());
        for (TlsSettings.Named named : all) {
            files.add(read(named.option(), named.path()));
        }
        return files;
    }

    /** Whether files read from the same places hold the same. */
    static boolean same(List<TlsFile> some, List<TlsFile> others) {
        for (int i = 0; i < some.size(); i++) {
            if (!Arrays.equals(some.get(i).content(), others.get(i).content())) {
                return false;
            }
        }
        return true;
    }

    /** The PEM blocks of the file in order; text around them does not matter. */
    List<PemObject> blocks() throws TlsException {
        List<PemObject> blocks = new ArrayList<>();
        try (PemReader reader = new PemReader(new StringReader(new String(content, StandardCharsets.ISO_8859_1)))) {
            for (PemObject block = reader.readPemObject(); block != null; block = reader.readPemObject()) {
                blocks.add(block);
            }
        } catch (IOException | RuntimeException e) {
            throw bad("its PEM encoding is broken (" + e.getMessage() + ")", e);
        }
        return blocks;
    }

    /** What is wrong with this file. */
    TlsException bad(String reason) {
        return new TlsException("--" + option + " " + path + " cannot be used: " + reason);
    }

    TlsException bad(String reason, Throwable cause) {
        return new TlsException("--" + option + " " + path + " cannot be used: " + reason, cause);
    }
}
