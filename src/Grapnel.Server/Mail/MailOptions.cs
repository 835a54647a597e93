namespace Grapnel.Server.Mail;

/// <summary>How alerts are mailed. Section <c>Mail</c>. Without <see cref="Host"/> there is no mail.</summary>
internal sealed class MailOptions
{
    /// <summary>The SMTP server. Default none.</summary>
    public string? Host { get; set; }

    /// <summary>Its port. Default 587.</summary>
    public int Port { get; set; } = 587;

    /// <summary>How the connection is encrypted. Default <see cref="MailTls.StartTls"/>.</summary>
    public MailTls Tls { get; set; }

    /// <summary>Who signs in. Default nobody.</summary>
    public string? UserName { get; set; }

    /// <summary>With which password.</summary>
    public string? Password { get; set; }

    /// <summary>Who writes, an address.</summary>
    public string? From { get; set; }

    /// <summary>Who gets it, addresses.</summary>
    public IList<string> To { get; set; } = [];
}

/// <summary>How a connection to an SMTP server is encrypted (RFC 8314).</summary>
internal enum MailTls
{
    /// <summary>STARTTLS, and nothing is said before; as a rule at port 587. A server without it is refused.</summary>
    StartTls,

    /// <summary>TLS from the first byte; as a rule at port 465.</summary>
    Implicit,

    /// <summary>Not at all. Nobody may sign in then.</summary>
    None,
}
