namespace Grapnel.Server.Console;

/// <summary>Where the pages of the console are.</summary>
internal static class ConsolePaths
{
    public const string Home = "/";
    public const string SignIn = "/sign-in";
    public const string SignOut = "/sign-out";
    public const string Setup = "/setup";
    public const string Welcome = "/welcome";
    public const string NotAllowed = "/not-allowed";
    public const string Account = "/account";
    public const string Password = Account + "/password";
    public const string Portal = "/portal";
    public const string Assets = "/assets";
}
