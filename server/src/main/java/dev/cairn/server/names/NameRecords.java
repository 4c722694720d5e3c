package dev.cairn.server.names;

import java.util.ArrayList;
import java.util.Hashtable;
import java.util.List;
import javax.naming.Context;
import javax.naming.NameNotFoundException;
import javax.naming.NamingEnumeration;
import javax.naming.NamingException;
import javax.naming.directory.Attribute;
import javax.naming.directory.DirContext;
import javax.naming.directory.InitialDirContext;

/**
 * The records of name servers, asked of them directly. Immutable and thread-safe; blocks. Apart from {@link SystemNames}, so that the
 * classes behind it are loaded only by those who need a record.
 *
 * @param servers {@code dns:} for those that the machine is configured for, or {@code dns://host:port}
 */
record NameRecords(String servers) {
    static final String NO_SUCH_HOST = "no such host";

    private static final int FIRST_WAIT_MILLIS = 2_000;
    private static final int ATTEMPTS = 2;

    /** The records of one type, as the text that stands for their content; never empty. */
    @SuppressWarnings("BanJNDI") // Attributes of the provider for name servers are plain text; nothing is deserialized.
    List<String> find(String name, String type) throws UnknownNameException {
        Hashtable<String, String> environment = new Hashtable<>();
        environment.put(Context.INITIAL_CONTEXT_FACTORY, "com.sun.jndi.dns.DnsContextFactory");
        environment.put(Context.PROVIDER_URL, servers);
        environment.put("com.sun.jndi.dns.timeout.initial", String.valueOf(FIRST_WAIT_MILLIS));
        environment.put("com.sun.jndi.dns.timeout.retries", String.valueOf(ATTEMPTS));
        List<String> found = new ArrayList<>();
        try {
            DirContext context = new InitialDirContext(environment);
            try {
                Attribute records =
                        context.getAttributes(name, new String[] {type}).get(type);
                if (records != null) {
                    NamingEnumeration<?> all = records.getAll();
                    while (all.hasMore()) {
                        found.add(String.valueOf(all.next()));
                    }
                }
            } finally {
                context.close();
            }
        } catch (NameNotFoundException e) {
            throw new UnknownNameException(name, NO_SUCH_HOST);
        } catch (NamingException e) {
            // Nobody answers, or refuses to.
            throw new UnknownNameException(name, e.getMessage() == null ? "server misbehaving" : e.getMessage());
        }
        if (found.isEmpty()) {
            throw new UnknownNameException(name, NO_SUCH_HOST);
        }
        return found;
    }
}
