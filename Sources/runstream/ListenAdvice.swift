import EventLoop
import Glibc

/// What to do about an address that the server can't listen on.
package enum ListenAdvice {
    /// One sentence or two, after the reason.
    package static func text(_ error: SystemError) -> String {
        switch error.code {
        case _ where error.call == "getaddrinfo":
            "This name has no address. Give --host an address of this machine: 127.0.0.1, or 0.0.0.0 for all of them."
        case EADDRNOTAVAIL: "This machine doesn't have that address. Give --host one that it has: 127.0.0.1, or 0.0.0.0 for all of them."
        case EACCES: "Ports below 1024 need the right to bind them. Choose a higher --port."
        case EADDRINUSE: "Is another server there? Choose another --port."
        default: "Choose another --host or --port."
        }
    }
}
