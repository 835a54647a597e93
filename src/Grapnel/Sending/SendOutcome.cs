namespace Grapnel.Sending;

/// <summary>What happened to one HTTP exchange: a closed set, so that every place that judges it can be complete. Stored as numbers.</summary>
public enum SendOutcome
{
    /// <summary>A 2xx status arrived. What became of the rest of the answer does not matter.</summary>
    Success = 0,

    /// <summary>A 3xx status: a failure, never followed.</summary>
    Redirect = 1,

    /// <summary>A 4xx or 5xx status without a meaning of its own below.</summary>
    Refused = 2,

    /// <summary>410: the receiver wants no more.</summary>
    Gone = 3,

    /// <summary>429, 502, 503 or 504: the receiver asks for less.</summary>
    Throttled = 4,

    /// <summary>The host name did not resolve.</summary>
    NameNotResolved = 10,

    /// <summary>The address guard refused the target. No packet was sent.</summary>
    Blocked = 11,

    /// <summary>No connection was made: refused or unreachable.</summary>
    ConnectFailed = 12,

    /// <summary>No connection was made within the connect limit.</summary>
    ConnectTimeout = 13,

    /// <summary>The TLS handshake failed.</summary>
    TlsFailed = 14,

    /// <summary>The connection broke before a status arrived; whether the receiver acted on the request is unknown.</summary>
    ConnectionLost = 15,

    /// <summary>The whole exchange took longer than its limit.</summary>
    Timeout = 16,

    /// <summary>The answer was not HTTP, or beyond the limits set for headers.</summary>
    ProtocolError = 17,

    /// <summary>There was no access token to be had: the authorization server refused, or did not answer. Nothing was sent.</summary>
    AuthorizationFailed = 18,

    /// <summary>The request could not be built: our fault, or that of the endpoint's settings.</summary>
    RequestInvalid = 20,

    /// <summary>The node stopped while the exchange ran. Not held against anyone and not counted.</summary>
    Abandoned = 21,
}

/// <summary>Whose fault an outcome is.</summary>
public enum Blame
{
    /// <summary>Nobody's: it worked, or it was given up on purpose.</summary>
    Nobody = 0,

    /// <summary>The receiver's, or the network's on the way to it: what retries and the breaker are for.</summary>
    Receiver = 1,

    /// <summary>The endpoint's settings: no retry will mend it before a person does.</summary>
    Settings = 2,
}
