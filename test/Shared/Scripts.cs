namespace Grapnel.Testing;

/// <summary>Common scripts for a <see cref="ScriptedReceiver"/>.</summary>
public static class Scripts
{
    public const string Ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

    /// <summary>Answers every request of a connection with the same bytes.</summary>
    public static Func<ReceiverConnection, Task> Answer(string raw) => async connection =>
    {
        while (await connection.ReadRequestAsync() is not null)
            await connection.WriteAsync(raw);
    };

    /// <summary>Answers every request with a status and no body.</summary>
    public static Func<ReceiverConnection, Task> Status(int status, string headers = "") =>
        Answer($"HTTP/1.1 {status} Whatever\r\nContent-Length: 0\r\n{headers}\r\n");

    /// <summary>Reads a request, then does something once; the connection ends after it.</summary>
    public static Func<ReceiverConnection, Task> Once(Func<ReceiverConnection, Task> then) => async connection =>
    {
        await connection.ReadRequestAsync();
        await then(connection);
    };

    /// <summary>Reads a request and answers with these bytes and an end.</summary>
    public static Func<ReceiverConnection, Task> Once(string raw) => Once(connection => connection.WriteAsync(raw));
}
