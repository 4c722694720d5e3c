package dev.cairn.server.membership;

import java.util.List;

/**
 * One member of the cluster. Immutable.
 *
 * @param id unsigned
 * @param peerUrls where other members reach it
 * @param learner whether it only listens
 * @param name empty until the member has started and published it
 * @param clientUrls where clients reach it; empty until published
 */
public record Member(long id, List<String> peerUrls, boolean learner, String name, List<String> clientUrls) {
    public Member {
        peerUrls = List.copyOf(peerUrls);
        clientUrls = List.copyOf(clientUrls);
    }

    /** This member under the name and client URLs that it has published. */
    public Member withAttributes(String newName, List<String> newClientUrls) {
        return new Member(id, peerUrls, learner, newName, newClientUrls);
    }

    /** This member at other peer URLs. */
    public Member withPeerUrls(List<String> newPeerUrls) {
        return new Member(id, newPeerUrls, learner, name, clientUrls);
    }

    /** This member as a voter. */
    public Member promoted() {
        return new Member(id, peerUrls, false, name, clientUrls);
    }

    /** Whether the member has ever served: it publishes its name when it starts. */
    public boolean started() {
        return !name.isEmpty();
    }
}
